-- @noindex
-- Plays the selected remix through the bridge, outside the project.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'audition')
