-- @noindex
-- Remixes the selection with the second favourite preset.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_favourite_2')
