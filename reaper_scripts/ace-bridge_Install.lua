-- @description ACE Bridge: remix items with ACE-Step
-- @version 0.1.0
-- @author ace-bridge
-- @about
--   # ACE Bridge
--   Select an audio item, press one key, and its remix appears on a new track below, in place and in time.
--   Requires the ace-bridge daemon. Install the daemon, then run `ace-bridge install reaper` once, so that these
--   scripts find it. Documentation: docs/reaper.md in the ace-bridge repository.
--   ## Caveats
--   Items with take FX and MIDI items are rendered first. REAPER is blocked during the render.
-- @changelog
--   First version.
-- @provides
--   [main] ace-bridge_*.lua
--   [nomain] lib/*.lua
--   [data] toolbar_icons/*.png
--   [data] toolbar_icons/150/*.png
--   [data] toolbar_icons/200/*.png

-- Adds all other actions of the bridge to the action list.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'install')
