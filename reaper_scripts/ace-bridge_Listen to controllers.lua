-- @noindex
-- Lets /bridge/remix from any OSC controller remix the selection, until REAPER ends.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'listen')
