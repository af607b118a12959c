-- Undelivered: watches messages that the daemon has not answered. If messages stay unread, starts the daemon, but only
-- once.

local error_guard = require 'error_guard'
local home = require 'home'
local mail = require 'mail'
local state = require 'state'

local undelivered = {}

local PATIENCE = 1.5 -- seconds that a running daemon may take to read a message
local START_PATIENCE = 65 -- seconds that a daemon may take to start; the command that starts it waits for 60

local watched = {} -- message_id → time at which watching started
local needs_no_answer = {} -- set of ids of messages that the daemon reads but does not answer
local started -- time at which this script started the daemon
local given_up = false

local function save()
  local ids = {}
  for id in pairs(watched) do ids[#ids + 1] = id end
  if #ids > 0 then state.set('open', ids) else state.forget('open') end
end

function undelivered.watch(message_id, without_answer)
  watched[message_id] = reaper.time_precise()
  needs_no_answer[message_id] = without_answer
  given_up = false
  save()
end

-- Watches the unanswered messages that an earlier service in this REAPER process sent.
function undelivered.restore()
  for _, id in ipairs(state.get('open') or {}) do undelivered.watch(id) end
end

-- Returns true while an answer from the daemon is expected.
function undelivered.busy()
  return next(watched) ~= nil and not given_up
end

local function give_up(reason, advice)
  if given_up then return end
  given_up = true
  error_guard.show(reason .. '\n\nNothing was charged. The request is saved, and the remix starts when the bridge '
    .. 'runs.\n' .. advice)
end

local function start_daemon(now)
  local lost = home.lost_program()
  if lost then
    give_up(('The bridge was moved or removed: %s does not exist.'):format(lost),
      'Start ace-bridge once from its new place, and REAPER finds it again.')
    return
  end
  started = now
  home.run()
end

local function forget_answered(outbox)
  for _, job in ipairs(outbox and outbox.jobs or {}) do
    watched[job.message_id] = nil
    for _, id in ipairs(job.repeats or {}) do watched[id] = nil end
  end
  for _, refusal in ipairs(outbox and outbox.errors or {}) do watched[refusal.message_id] = nil end
  for id in pairs(needs_no_answer) do
    if not mail.waits(id) then watched[id], needs_no_answer[id] = nil, nil end
  end
end

local function oldest_waiting(now)
  local longest = 0
  for id, since in pairs(watched) do
    if mail.waits(id) then longest = math.max(longest, now - since) end
  end
  return longest
end

function undelivered.look(outbox)
  local before = next(watched) ~= nil
  forget_answered(outbox)
  if before then save() end
  local now = reaper.time_precise()
  local waiting = oldest_waiting(now)
  if waiting == 0 then
    started = nil
  elseif not started and waiting > PATIENCE then
    start_daemon(now)
  elseif started and now - started > START_PATIENCE and not given_up then
    started = nil
    give_up('The bridge does not respond and could not be started.',
      'Run `ace-bridge doctor` in a terminal to find the problem.')
  end
end

return undelivered
