-- Home: the bridge's folder. The pointer file next to these scripts contains the folder's path.
-- `ace-bridge install reaper` writes the pointer file, and the daemon writes it again whenever it starts.

local files = require 'files'
local folders = require 'folders'
local json = require 'json'

local home = {}

local POINTER = 'ace-bridge.json'
local INSTALLED = 'Scripts/ACE Bridge/' -- the pointer file's folder; ReaPack installs the scripts in another folder
local CATALOGUE = 'catalogue.json'
local RUN_HIDDEN = -2 -- the ExecProcess timeout that means: do not wait, and minimise any window

local FLATPAK = '/.var/app/fm.reaper.Reaper/' -- part of the resource path if REAPER runs in Flatpak's sandbox
local OUT_OF_FLATPAK = '/usr/bin/flatpak-spawn --host' -- runs a command outside the sandbox

local here = '' -- the actions' folder, including the trailing separator
local about -- the pointer file's content, read once
local shown -- the catalogue's content, read once

function home.set_scripts_folder(folder)
  here = folder
end

function home.scripts_folder()
  return here
end

local function in_flatpak()
  return reaper.GetResourcePath():find(FLATPAK, 1, true) ~= nil
end

local function beside(name)
  return files.read(here .. name) or files.read(reaper.GetResourcePath() .. '/' .. INSTALLED .. name) or ''
end

-- Returns the pointer file's content; nil and an error message if the bridge is not set up.
function home.pointer()
  if about then return about end
  local found = json.decode(beside(POINTER))
  if type(found) ~= 'table' or type(found.home) ~= 'string' then
    return nil, ('The scripts cannot find the bridge: %s%s is missing.\n\n'):format(here, POINTER)
      .. 'Run `ace-bridge install reaper` in a terminal.'
  end
  about = found
  return about
end

function home.path(...)
  return folders.join(home.pointer().home, ...)
end

-- Returns the path of `reaper/<name>` in the bridge's folder, where these scripts keep their files. Creates the folder
-- if necessary.
function home.own_folder(name)
  local path = home.path('reaper', name)
  folders.make(path)
  return path
end

-- Replaces each command `ace-bridge …` in a text by one that runs this copy of the bridge from any folder.
function home.with_commands(text)
  local terminal = (home.pointer() or {}).terminal
  if type(terminal) ~= 'string' then return text end
  return (text:gsub('`ace%-bridge([^`]*)`', function(words) return '`' .. terminal .. words .. '`' end))
end

-- Returns the path of the program that starts the daemon if it no longer exists. It cannot be seen from Flatpak.
function home.lost_program()
  about = nil -- the bridge may have been moved since the pointer file was read
  local program = home.pointer().command[1]
  if files.is_absolute(program) and not in_flatpak() and not files.exists(program) then return program end
  return nil
end

local function quoted(word)
  return '"' .. word .. '"'
end

-- Returns the content of daemon.json, or nil if no daemon is running.
function home.daemon()
  local found = json.decode(files.read(home.path('daemon.json')) or '')
  return type(found) == 'table' and found or nil
end

-- Runs `ace-bridge` in the background with the command `words`. Without `words`, starts the daemon. For safety, `words`
-- may contain only fixed words and ids, never names, prompts or paths from the project.
function home.run(words)
  local parts = {}
  for _, word in ipairs(home.pointer().command) do parts[#parts + 1] = quoted(word) end
  if words then parts[#parts] = table.concat(words, ' ') end
  if in_flatpak() then table.insert(parts, 1, OUT_OF_FLATPAK) end
  return reaper.ExecProcess(table.concat(parts, ' '), RUN_HIDDEN)
end

-- Returns the catalogue of presets and engines. The daemon writes it when it starts, and `install` before that.
function home.catalogue()
  if not shown then
    shown = json.decode(files.read(home.path(CATALOGUE)) or beside(CATALOGUE)) or { presets = {}, engines = {} }
  end
  return shown
end

return home
