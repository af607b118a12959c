-- @noindex
-- Removes the bridge's actions from the action list.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'uninstall')
