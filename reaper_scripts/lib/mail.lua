-- Mail: sends messages as files in the daemon's inbox and reads this instance's outbox file.

local doorbell = require 'doorbell'
local files = require 'files'
local home = require 'home'
local json = require 'json'
local state = require 'state'

local mail = { PROTOCOL = 1 }

local function inbox_file(message_id)
  return home.path('inbox', message_id .. '.json')
end

-- Returns the reason why the running daemon cannot read these scripts' messages; nil if it can or no daemon is running.
local function incompatibility()
  local daemon = home.daemon()
  for _, protocol in ipairs(daemon and daemon.protocols or { mail.PROTOCOL }) do
    if protocol == mail.PROTOCOL then return nil end
  end
  return ('These scripts do not support the running bridge (version %s).\n\n'):format(daemon.version)
    .. 'Run `ace-bridge install reaper` in a terminal, then run the action again.'
end

-- Writes a message and, unless `is_silent`, notifies the daemon. Returns the message's id, or nil and an error message.
function mail.send(command, args, message_id, is_silent)
  local problem = incompatibility()
  if problem then return nil, problem end
  message_id = message_id or state.new_id()
  local message = {
    protocol = mail.PROTOCOL,
    message_id = message_id,
    command = command,
    instance = state.instance(),
    args = args,
  }
  local ok
  ok, problem = files.write(inbox_file(message_id), json.encode(message))
  if not ok then return nil, ('Cannot write to the bridge\'s inbox: %s'):format(problem) end
  if not is_silent then doorbell.ring() end
  return message_id
end

mail.new_id = state.new_id

-- Returns true until the daemon has read the message.
function mail.waits(message_id)
  return files.exists(inbox_file(message_id))
end

-- Returns the current outbox, or nil if the daemon has not written it yet.
function mail.outbox()
  local found = json.decode(files.read(home.path('outbox', state.instance() .. '.json')) or '')
  if type(found) == 'table' and type(found.jobs) == 'table' then return found end
  return nil
end

-- Returns the variations in an outbox by variation id, each with its job.
function mail.variations(outbox)
  local found = {}
  for _, job in ipairs(outbox and outbox.jobs or {}) do
    for _, variation in ipairs(job.variations) do
      found[variation.variation_id] = { job = job, variation = variation }
    end
  end
  return found
end

local ENDED = { done = true, failed = true, cancelled = true, unknown = true, partial = true }

function mail.has_ended(job)
  return ENDED[job.state] == true
end

return mail
