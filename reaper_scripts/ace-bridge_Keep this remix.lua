-- @noindex
-- Removes the other variations of the selected remix from the project and keeps their files.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'keep')
