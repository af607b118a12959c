-- Error guard: shows every error to the user, and writes it to the log that `ace-bridge doctor` reads.

local folders = require 'folders'
local home = require 'home'

local error_guard = {}

local TITLE = 'ACE Bridge'
local OK = 0

local function log(text)
  if not home.pointer() then return end
  local file = io.open(folders.join(home.own_folder('logs'), 'reaper.log'), 'ab')
  if not file then return end
  file:write(os.date('!%Y-%m-%dT%H:%M:%SZ '), text, '\n')
  file:close()
end

error_guard.log = log

-- Shows a text in a message box, or while a project plays or records, in the status bar, a tooltip and the log.
function error_guard.show(text)
  text = home.with_commands(text)
  local notice = require 'notice' -- here, because a fader's action must load as few modules as possible
  if not notice.must_be_quiet() then
    reaper.MB(text, TITLE, OK)
    return
  end
  log(text)
  notice.tell(text)
end

-- Runs `step`. Returns true and its result, or false and the text of its error, which is also in the log. An error
-- {text = …} is a message for the user; any other is a script bug.
function error_guard.catch(step, ...)
  local ok, result = xpcall(step, function(problem)
    if type(problem) == 'table' then return problem end
    return { text = 'An error occurred in the ACE Bridge scripts.', trace = debug.traceback(tostring(problem)) }
  end, ...)
  if ok then return true, result end
  log(result.trace or result.text)
  return false, result.text .. (result.trace and '\n\n' .. result.trace or '')
end

-- Runs `step` and shows its error, if any.
function error_guard.run(step, ...)
  local ok, result = error_guard.catch(step, ...)
  if not ok then error_guard.show(result) end
  return ok, ok and result or nil
end

-- Stops the action with a message for the user.
function error_guard.refuse(text)
  error({ text = text }, 0)
end

return error_guard
