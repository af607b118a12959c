-- @noindex
-- Runs the selected remix again with the same seed and other tags.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'same_seed_new_tags')
