-- @noindex
-- Remixes the selection with the last settings. Opens no dialog, so it suits a key, a pad or a toolbar button.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_last')
