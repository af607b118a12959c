-- Main: the entry point of every action. Checks REAPER's version and the bridge's installation, then runs the action.

local error_guard = require 'error_guard'
local home = require 'home'
local undo = require 'undo'

local OLDEST = 7.08
local ONE_INSTANCE, RESTART = 1, 2 -- options of set_action_options: running the action again restarts the script

-- Returns the pointer file's content; nil and an error message if the bridge is not set up. Stops with a message for
-- the user if the scripts cannot run in this version of REAPER.
local function check()
  local version = reaper.GetAppVersion():match('^%d+%.%d+')
  if tonumber(version) < OLDEST then
    error_guard.refuse(('The ACE Bridge scripts need REAPER %.2f or newer; this is %s.'):format(OLDEST, version))
  end
  return home.pointer()
end

-- Actions with a module of their own. Faders run their action often, so it must load as few modules as possible.
local OWN_MODULE = { amount = 'fader', service = 'service' }

local function run(name)
  local pointer, problem = check()
  if not pointer and name == 'install' then return require('bridge_installer').offer(problem) end
  if not pointer then error_guard.refuse(problem) end
  local own = OWN_MODULE[name]
  if own then return require(own).run() end
  return require('actions')[name]()
end

-- Runs an action. An action that keeps running returns true and sets its own options.
return function(folder, name)
  undo.none() -- first, because an action that fails or is cancelled must not add an undo point either
  home.set_scripts_folder(folder)
  local ok, keeps_running = error_guard.run(run, name)
  if (not ok or not keeps_running) and reaper.APIExists('set_action_options') then
    reaper.set_action_options(ONE_INSTANCE | RESTART)
  end
  local notice = package.loaded.notice
  if notice and not keeps_running then notice.linger() end
end
