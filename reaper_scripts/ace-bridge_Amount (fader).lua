-- @noindex
-- Sets the amount of the next remix. Bind a MIDI or OSC fader or knob to this action.

local folder = select(2, reaper.get_action_context()):match('^(.*[/\\])')
package.path = folder .. 'lib/?.lua;' .. package.path
require 'main'(folder, 'amount')
