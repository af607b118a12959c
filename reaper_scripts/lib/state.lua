-- State: what the actions and the service know of each other while REAPER runs, and settings that outlive it.
-- All scripts run in REAPER's main thread one after the other, so that reading and writing a value needs no lock.

local json = require 'json'

local state = { SECTION = 'ace-bridge' }

local ALIVE = 2.0 -- s after which a service that gave no sign is gone

function state.get(key)
  return json.decode(reaper.GetExtState(state.SECTION, key))
end

function state.set(key, value)
  reaper.SetExtState(state.SECTION, key, json.encode(value), false)
end

function state.forget(key)
  reaper.DeleteExtState(state.SECTION, key, false)
end

-- Kept in REAPER's ini file, one line: JSON has no line breaks.
function state.keep(key, value)
  reaper.SetExtState(state.SECTION, key, json.encode(value), true)
end

-- A new uuid.
function state.new_id()
  return (reaper.genGuid(''):gsub('[{}]', ''):lower())
end

-- This REAPER process, to the daemon.
function state.instance()
  local id = state.get('instance')
  if not id then
    id = state.new_id()
    state.set('instance', id)
  end
  return id
end

-- Orders are what an action leaves for the service.
function state.order(order)
  local orders = state.get('orders') or json.list()
  orders[#orders + 1] = order
  state.set('orders', orders)
end

function state.take_orders()
  local orders = state.get('orders') or {}
  state.forget('orders')
  return orders
end

function state.service_beats()
  state.set('service', reaper.time_precise())
end

function state.service_ends()
  state.forget('service')
end

function state.service_is_alive()
  local beat = state.get('service')
  return beat ~= nil and reaper.time_precise() - beat < ALIVE
end

return state
