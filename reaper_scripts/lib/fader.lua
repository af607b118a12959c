-- Fader: the value (0 to 1) of the MIDI controller or OSC fader that ran the action.

local fader = {}

local STEP = 0.01 -- change of the value per step of an encoder
local ABSOLUTE = 0 -- the `mode` in get_action_context that means absolute values; the other modes are relative

local function rounded(value)
  return math.floor(math.max(0, math.min(1, value)) * 100 + 0.5) / 100
end

-- Returns the new value, or nil if no controller ran the action. An encoder's steps change the current value `now`.
function fader.value(now)
  local _, _, _, _, mode, resolution, value, context = reaper.get_action_context()
  local by_osc = context:match('^osc:.*:f=(%-?[%d.]+)')
  if by_osc then return rounded(tonumber(by_osc)) end
  if resolution <= 0 or not context:match('^midi:') then return nil end
  if mode == ABSOLUTE then return rounded(value / resolution) end
  return rounded((now or 0.5) + value * STEP)
end

return fader
