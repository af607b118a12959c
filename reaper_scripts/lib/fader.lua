-- Fader: sets the amount of the next remix from the MIDI controller or OSC fader that ran the action.

local error_guard = require 'error_guard'
local settings = require 'settings'

local fader = {}

local STEP = 0.01 -- change of the value per step of an encoder
local ABSOLUTE = 0 -- the `mode` in get_action_context that means absolute values; the other modes are relative

local function rounded(value)
  return math.floor(math.max(0, math.min(1, value)) * 100 + 0.5) / 100
end

-- Returns the new value (0 to 1), or nil if no controller ran the action. An encoder's steps change the current value
-- `now`.
local function value_of(now)
  local _, _, _, _, mode, resolution, value, context = reaper.get_action_context()
  local by_osc = context:match('^osc:.*:f=(%-?[%d.]+)')
  if by_osc then return rounded(tonumber(by_osc)) end
  if resolution <= 0 or not context:match('^midi:') then return nil end
  if mode == ABSOLUTE then return rounded(value / resolution) end
  return rounded((now or 0.5) + value * STEP)
end

function fader.run()
  local choices = settings.last()
  local amount = value_of(choices.remix.amount)
  if not amount then
    error_guard.refuse('Bind a fader or a knob to this action. It sets the amount of the next remix.')
  end
  choices.remix.amount = amount
  settings.remember(choices)
end

return fader
