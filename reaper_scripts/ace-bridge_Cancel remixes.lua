-- @noindex
-- Cancels remixes that the engine has not started. Remixes that have already started are billed, and kept.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'cancel')
