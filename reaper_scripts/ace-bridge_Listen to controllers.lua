-- @noindex
-- Lets any OSC controller remix the selection with /bridge/remix, until this action is run again or REAPER quits.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'listen')
