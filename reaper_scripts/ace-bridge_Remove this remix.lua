-- @noindex
-- Takes the selected remix out of the project; its file is kept.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remove')
