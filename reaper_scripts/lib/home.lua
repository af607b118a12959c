-- Home: where the bridge is, from the pointer file that install and each daemon start write beside these scripts.

local files = require 'files'
local folders = require 'folders'
local json = require 'json'

local home = {}

local POINTER = 'ace-bridge.json'
local INSTALLED = 'Scripts/ACE Bridge/' -- where install writes it; ReaPack's copy of the scripts lies elsewhere
local CATALOGUE = 'catalogue.json'
local RUN_HIDDEN = -2 -- ExecProcess: no waiting, no console window

local FLATPAK = '/.var/app/fm.reaper.Reaper/' -- in the resource path of a REAPER in Flatpak's sandbox
local OUT_OF_FLATPAK = '/usr/bin/flatpak-spawn --host' -- where the user's Python is

local here = '' -- the folder of the actions, with its last separator
local about -- the pointer's content, read once
local shown -- the catalogue, read once

function home.set_scripts_folder(folder)
  here = folder
end

function home.scripts_folder()
  return here
end

local function beside(name)
  return files.read(here .. name) or files.read(reaper.GetResourcePath() .. '/' .. INSTALLED .. name) or ''
end

-- The pointer's content; nil and a sentence where the bridge is not set up.
function home.pointer()
  if about then return about end
  local found = json.decode(beside(POINTER))
  if type(found) ~= 'table' or type(found.home) ~= 'string' then
    return nil, ('The scripts do not know where the bridge is: %s%s is missing.\n\n'):format(here, POINTER)
      .. 'Run "ace-bridge install reaper" in a terminal.'
  end
  about = found
  return about
end

function home.path(...)
  return folders.join(home.pointer().home, ...)
end

-- A folder of these scripts inside the home, made when it is first asked for.
function home.own_folder(name)
  local path = home.path('reaper', name)
  folders.make(path)
  return path
end

local function quoted(word)
  return '"' .. word .. '"'
end

-- The running daemon's own words of itself, or nil where none runs.
function home.daemon()
  local found = json.decode(files.read(home.path('daemon.json')) or '')
  return type(found) == 'table' and found or nil
end

-- Run the bridge's command line, detached; `words` replace the last word of the command that starts the daemon.
-- Only words of our own and ids get here, never a name, a prompt or a path of the project.
function home.run(words)
  local parts = {}
  for _, word in ipairs(home.pointer().command) do parts[#parts + 1] = quoted(word) end
  if words then parts[#parts] = table.concat(words, ' ') end
  if reaper.GetResourcePath():find(FLATPAK, 1, true) then table.insert(parts, 1, OUT_OF_FLATPAK) end
  return reaper.ExecProcess(table.concat(parts, ' '), RUN_HIDDEN)
end

-- What there is to choose from, as the daemon wrote it at its start, or before its first start as install did.
function home.catalogue()
  if not shown then
    shown = json.decode(files.read(home.path(CATALOGUE)) or beside(CATALOGUE)) or { presets = {}, engines = {} }
  end
  return shown
end

return home
