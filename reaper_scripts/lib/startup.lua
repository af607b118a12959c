-- Startup: with the user's consent, adds one line to REAPER's Scripts/__startup.lua that runs "Listen to controllers"
-- whenever REAPER starts. Other lines do not change. The file is backed up before the module first changes it.

local error_guard = require 'error_guard'
local files = require 'files'

local startup = {}

local MARK = '-- ace-bridge: listen to controllers'
-- REAPER adds no undo point for __startup.lua, because the line defers.
local LINE = "reaper.defer(function() reaper.Main_OnCommandEx(reaper.NamedCommandLookup('%s'), 0, 0) end) %s"
local BACKUP = '.before-ace-bridge'

local function path()
  return reaper.GetResourcePath() .. '/Scripts/__startup.lua'
end

local function is_ours(line)
  return line:find(MARK, 1, true) ~= nil
end

local function write(content)
  local ok, problem = files.write(path(), content)
  if not ok then error_guard.refuse('Cannot write __startup.lua: ' .. problem) end
end

-- Returns the file's content without the bridge's line.
local function other_lines(content)
  local kept = {}
  for line in content:gmatch('[^\n]*\n?') do
    if not is_ours(line) then kept[#kept + 1] = line end
  end
  return table.concat(kept)
end

-- Adds the line at the end of the file. `command` is the action's command id, including the leading underscore.
function startup.add(command)
  local before = files.read(path())
  if before and not is_ours(before) then files.write(path() .. BACKUP, before) end
  local kept = other_lines(before or '')
  if kept:match('[^\n]$') then kept = kept .. '\n' end
  write(kept .. LINE:format(command, MARK) .. '\n')
end

-- Removes the line, and the file if no other lines remain.
function startup.remove()
  local before = files.read(path())
  if not before or not is_ours(before) then return end
  local kept = other_lines(before)
  if kept == '' then files.remove(path()) else write(kept) end
end

return startup
