-- @noindex
-- Remixes the parts of the selected items inside the time selection, or of all items if none is selected.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_time_selection')
