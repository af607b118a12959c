-- @noindex
-- Remixes the selection with the last settings, without a dialog: for a key, a pad or a toolbar button.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_last')
