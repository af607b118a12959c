-- @noindex
-- Lets any OSC controller remix the selection with /bridge/remix until REAPER quits.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'listen')
