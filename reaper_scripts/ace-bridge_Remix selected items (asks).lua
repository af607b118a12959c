-- @noindex
-- Opens the dialog, then remixes the razor edits, the selected items inside the time selection, or the whole items.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_dialog')
