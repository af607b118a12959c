-- Fader: the value of the MIDI controller or the OSC fader that ran the action, from 0 to 1.

local fader = {}

local STEP = 0.01 -- of an endless knob
local ABSOLUTE = 0 -- how a controller sends, as get_action_context says; others send steps

local function rounded(value)
  return math.floor(math.max(0, math.min(1, value)) * 100 + 0.5) / 100
end

-- The new value; `now` is what an endless knob turns on from. Nil where no controller ran the action.
function fader.value(now)
  local _, _, _, _, mode, resolution, value, context = reaper.get_action_context()
  local by_osc = context:match('^osc:.*:f=(%-?[%d.]+)')
  if by_osc then return rounded(tonumber(by_osc)) end
  if resolution <= 0 or not context:match('^midi:') then return nil end
  if mode == ABSOLUTE then return rounded(value / resolution) end
  return rounded((now or 0.5) + value * STEP)
end

return fader
