-- Main: the way into every action: is REAPER new enough, is the bridge set up, then do it.

local error_guard = require 'error_guard'
local home = require 'home'

local OLDEST = 7.08
local ONE_INSTANCE, RESTART = 1, 2 -- a second press within the same moment begins anew, without REAPER's question

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
    elseif not require('actions')[name]() then -- true: it goes on, and has said what a second press does
      reaper.set_action_options(ONE_INSTANCE | RESTART)
      require('undo').none()
    end
  end)
end
