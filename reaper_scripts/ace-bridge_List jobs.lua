-- @noindex
-- Lists the remixes of this REAPER and their cost in the console.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'list_jobs')
