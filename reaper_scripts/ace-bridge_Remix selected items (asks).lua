-- @noindex
-- Asks for style and settings, then remixes the razor edit, the time selection in the selected items, or these items.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_dialog')
