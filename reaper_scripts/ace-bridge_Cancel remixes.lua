-- @noindex
-- Stops what has not started at the model; what has is paid and kept.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'cancel')
