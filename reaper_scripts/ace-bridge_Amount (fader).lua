-- @noindex
-- Sets how far the next remix may go: bind a fader or a knob to it, by MIDI or OSC.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'amount')
