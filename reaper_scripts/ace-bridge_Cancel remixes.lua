-- @noindex
-- Cancels remixes that the engine has not started. Remixes that have already started may be billed; a result
-- that still arrives is kept.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'cancel')
