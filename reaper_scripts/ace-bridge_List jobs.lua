-- @noindex
-- Lists this REAPER's remixes and their costs in the console.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'list_jobs')
