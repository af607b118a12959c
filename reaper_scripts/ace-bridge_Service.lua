-- @noindex
-- Places results in the background. The other actions start this script, and it ends automatically.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'service')
