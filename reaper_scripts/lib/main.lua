-- Main: the entry point of every action. Checks REAPER's version and the bridge's installation, then runs the action.

local error_guard = require 'error_guard'
local home = require 'home'

local OLDEST = 7.08
local ONE_INSTANCE, RESTART = 1, 2 -- options of set_action_options: running the action again restarts the script

return function(folder, name)
  home.set_scripts_folder(folder)
  local version = reaper.GetAppVersion():match('^%d+%.%d+')
  error_guard.run(function()
    if tonumber(version) < OLDEST then
      error_guard.refuse(('The ACE Bridge scripts need REAPER %.2f or newer; this is %s.'):format(OLDEST, version))
    end
    local pointer, problem = home.pointer()
    if not pointer then error_guard.refuse(problem) end
    if name == 'service' then
      require('service').run()
    elseif not require('actions')[name]() then -- an action that keeps running returns true and sets its own options
      reaper.set_action_options(ONE_INSTANCE | RESTART)
      require('undo').none()
    end
  end)
end
