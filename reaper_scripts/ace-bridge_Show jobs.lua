-- @noindex
-- Shows this REAPER's remixes and their progress in a window.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'show_jobs')
