-- @noindex
-- Places what waits for this project, also while there is something to redo.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'place_ready')
