-- Service: the background loop. While remixes are in progress, it reads the outbox five times a second, writes audio
-- that only REAPER can read to files, and places and confirms results. It ends when no remix is in progress.

local delivery = require 'delivery'
local error_guard = require 'error_guard'
local mail = require 'mail'
local notes = require 'notes'
local notice = require 'notice'
local objects = require 'objects'
local outgoing = require 'outgoing'
local peaks = require 'peaks'
local registry = require 'registry'
local request = require 'request'
local state = require 'state'
local surface = require 'surface'
local undelivered = require 'undelivered'

local service = {}

local INTERVAL = 0.2 -- seconds between checks of the outbox
local KEEP_NOTES = 30 * 86400 -- seconds

-- Options of set_action_options: if run again, the script restarts without a question; its button is lit or dark.
local ONE_INSTANCE, RESTART, LIT, DARK = 1, 2, 4, 8

local GREET_AGAIN = 30 -- seconds between `hello` messages; if a message stays unread, the daemon has crashed
local STAY = 3.0 -- seconds within which the daemon offers waiting results after `hello`
local MOST_FAILURES = 3

local next_look = 0
local failures = 0
local stay_until, greet_at = 0, 0
local greeted -- the project path in the last `hello`
local own_id -- id of this run of the service

local function greet()
  local now, project = reaper.time_precise(), objects.current()
  local path = objects.project_path(project)
  if greeted == path and now < greet_at then return end
  local id = mail.send('hello', { daw = request.daw(), project = request.project(project) })
  if not id then return end
  if greeted ~= path then stay_until = now + STAY end
  if delivery.busy() then undelivered.watch(id, true) end
  greeted, greet_at = path, now + GREET_AGAIN
end

local function sweep()
  for _, id in ipairs(notes.open()) do
    local note = notes.load(id)
    if note and os.time() - (note.created or 0) > KEEP_NOTES then notes.remove(note) end
  end
end

local function run_task(task)
  if task.kind == 'remix' then outgoing.add(task.made) end
  if task.kind == 'sent' then undelivered.watch(task.message_id, task.without_answer) end
  if task.kind == 'place_now' then delivery.force() end
end

local function look()
  state.service_beats(own_id)
  greet()
  for _, task in ipairs(state.take_tasks()) do error_guard.run(run_task, task) end
  local outbox = mail.outbox()
  undelivered.look(outbox)
  if outbox then
    surface.answer(outbox)
    delivery.look(outbox)
  end
end

local function something_is_open()
  return outgoing.busy() or undelivered.busy() or delivery.busy() or peaks.busy() or state.get('orders') ~= nil
    or notice.tells() or state.get('listen') == true or reaper.time_precise() < stay_until
end

local function tick()
  if state.is_replaced(own_id) then return false end
  local now = reaper.time_precise()
  if now >= next_look then
    next_look = now + INTERVAL
    failures = error_guard.run(look) and 0 or failures + 1
  end
  notice.step()
  error_guard.run(outgoing.step)
  error_guard.run(peaks.step)
  return failures < MOST_FAILURES and something_is_open()
end

local function loop()
  local ok, goes_on = error_guard.run(tick)
  if ok and goes_on then reaper.defer(loop) end
end

local function leave()
  outgoing.abandon()
  notice.clear()
  if state.is_replaced(own_id) then return end
  mail.send('bye', {})
  state.service_ends()
  registry.light(false)
  reaper.set_action_options(ONE_INSTANCE | RESTART | DARK) -- after a restart, `run` lights the button again
end

-- Returns true, because the script keeps running.
function service.run()
  own_id = state.new_id()
  state.service_beats(own_id)
  reaper.set_action_options(ONE_INSTANCE | RESTART | LIT)
  reaper.atexit(function() error_guard.run(leave) end)
  registry.light(true)
  undelivered.restore()
  error_guard.run(sweep)
  reaper.defer(loop) -- not called directly, because the action that starts the service has its own undo point
  return true
end

return service
