-- @noindex
-- Remixes the parts of the selected items inside the time selection. If no item is selected, uses all items.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_time_selection')
