-- @noindex
-- On: finished remixes wait as long as you can redo something. Off: they wait only for 10 s without an edit.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'keep_redo')
