-- @noindex
-- Remixes what lies in the time selection, of the selected items or of all.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_time_selection')
