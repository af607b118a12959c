-- @noindex
-- Mutes the source and unmutes its remixes, or the other way round.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'swap')
