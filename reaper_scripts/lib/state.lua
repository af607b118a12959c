-- State: values that the actions and the service share while REAPER runs, and settings that REAPER saves. No locks are
-- needed, because REAPER runs all scripts in its main thread, one at a time.

local json = require 'json'

local state = { SECTION = 'ace-bridge' }

local ALIVE = 2.0 -- seconds without a sign of life after which a service counts as ended

function state.get(key)
  return json.decode(reaper.GetExtState(state.SECTION, key))
end

function state.set(key, value)
  reaper.SetExtState(state.SECTION, key, json.encode(value), false)
end

function state.forget(key)
  reaper.DeleteExtState(state.SECTION, key, false)
end

-- Stores a value in REAPER's ini file as JSON without line breaks, because the file allows none in a value.
function state.keep(key, value)
  reaper.SetExtState(state.SECTION, key, json.encode(value), true)
end

-- Returns a new UUID.
function state.new_id()
  return (reaper.genGuid(''):gsub('[{}]', ''):lower())
end

-- Returns the id of this REAPER process.
function state.instance()
  local id = state.get('instance')
  if not id then
    id = state.new_id()
    state.set('instance', id)
  end
  return id
end

-- Queues a task for the service.
function state.add_task(task)
  local tasks = state.get('orders') or json.list()
  tasks[#tasks + 1] = task
  state.set('orders', tasks)
end

function state.take_tasks()
  local tasks = state.get('orders') or {}
  state.forget('orders')
  return tasks
end

-- Records that the service `id` is running.
function state.service_beats(id)
  state.set('heartbeat', { id = id, at = reaper.time_precise() })
end

-- Returns whether another service has started since the service `id`.
function state.is_replaced(id)
  local beat = state.get('heartbeat')
  return beat ~= nil and beat.id ~= id
end

function state.service_ends()
  state.forget('heartbeat')
end

function state.service_is_alive()
  local beat = state.get('heartbeat')
  return beat ~= nil and reaper.time_precise() - beat.at < ALIVE
end

return state
