-- @noindex
-- Measures undocumented behaviour of REAPER, for `ace-bridge doctor`.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'selftest')
