-- @description ACE Bridge: remix items with ACE-Step
-- @version 0.1.0
-- @author ace-bridge
-- @about
--   # ACE Bridge
--   Select an audio item, press one key, and its remix stands on a new track below, in place and in time.
--   Needs the ace-bridge daemon: install it, then run `ace-bridge install reaper` once, which tells these scripts
--   where it is. Docs: docs/reaper.md of the project.
--   ## Caveats
--   Take FX and MIDI items are rendered, which blocks REAPER for that time.
-- @changelog
--   First version.
-- @provides
--   [main] ace-bridge_*.lua
--   [main] ace-bridge_*.eel
--   [nomain] lib/*.lua
--   [data] toolbar_icons/*.png
--   [data] toolbar_icons/150/*.png
--   [data] toolbar_icons/200/*.png

-- Puts the other actions into the action list.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'install')
