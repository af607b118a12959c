-- Error guard: shows every error in a message box, and writes it to the log that `ace-bridge doctor` reads.

local folders = require 'folders'
local home = require 'home'

local error_guard = {}

local TITLE = 'ACE Bridge'
local OK = 0

function error_guard.show(text)
  reaper.MB(text, TITLE, OK)
end

local function log(text)
  if not home.pointer() then return end
  local file = io.open(folders.join(home.own_folder('logs'), 'reaper.log'), 'ab')
  if not file then return end
  file:write(os.date('!%Y-%m-%dT%H:%M:%SZ '), text, '\n')
  file:close()
end

error_guard.log = log

-- Runs `step` and shows its error, if any. An error {text = …} is a message for the user; any other is a script bug.
function error_guard.run(step, ...)
  local ok, result = xpcall(step, function(problem)
    if type(problem) == 'table' then return problem end
    return { text = 'An error occurred in the ACE Bridge scripts.', trace = debug.traceback(tostring(problem)) }
  end, ...)
  if ok then return true, result end
  log(result.trace or result.text)
  error_guard.show(result.text .. (result.trace and '\n\n' .. result.trace or ''))
  return false
end

-- Stops the action with a message for the user.
function error_guard.refuse(text)
  error({ text = text }, 0)
end

return error_guard
