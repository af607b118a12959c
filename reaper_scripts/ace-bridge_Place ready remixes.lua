-- @noindex
-- Places this project's finished remixes now. This clears the redo history.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'place_ready')
