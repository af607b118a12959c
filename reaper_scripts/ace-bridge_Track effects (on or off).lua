-- @noindex
-- On: items of the selected items' tracks are remixed with the track's effects. Off, as at first: without them.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'track_effects')
