-- @noindex
-- The same without asking: for a key, a pad, a toolbar button.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'remix_last')
