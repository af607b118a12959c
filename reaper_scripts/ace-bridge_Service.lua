-- @noindex
-- Background script: the other actions start it, and it ends automatically.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'service')
