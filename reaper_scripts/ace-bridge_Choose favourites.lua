-- @noindex
-- Chooses the presets of the three favourite actions.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'choose_favourites')
