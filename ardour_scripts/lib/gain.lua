-- A region's gain: one number for all of it, and the curve drawn over it. Both can be read and set: a remix gets them.
local need = ...
local json = need ("json")

local gain = {}

-- Returns the points of the curve as { sample, gain } from the region's start; nil when none is in use.
function gain.curve (audio)
  if not audio:envelope_active () then return nil end
  local points = json.list ()
  for point in audio:envelope ():list ():events ():iter () do
    points[#points + 1] = json.list ({ point.when:samples (), point.value })
  end
  return points
end

-- Gives an audio region the gain of another. A scale below zero turns the polarity.
function gain.apply (audio, scale, points)
  audio:set_scale_amplitude (scale)
  if not points then return end
  local curve = audio:envelope ():list ()
  curve:clear_list ()
  for _, point in ipairs (points) do
    curve:add (Temporal.timepos_t (math.tointeger (point[1])), point[2], false, false)
  end
  audio:set_envelope_active (true)
end

return gain
