-- @noindex
-- Remixes the part of the selected items (or of all items) inside the time selection.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_time_selection')
