-- @noindex
-- Asks for the presets that the three favourite actions use.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'choose_favourites')
