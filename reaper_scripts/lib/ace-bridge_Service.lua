-- Places results in the background. The actions start this script, and it ends automatically. It is not in the action
-- list, because users need not run it.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])lib[/\\]')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'service')
