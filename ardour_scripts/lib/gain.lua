-- Gain: reads a region's scale amplitude and gain curve, and applies them to a remix.
local need = ...
local json = need ("json")

local gain = {}

-- Returns a region's gain curve as a list of { samples from the region's start, gain }; nil if the curve is off.
function gain.curve (audio)
  if not audio:envelope_active () then return nil end
  local points = json.list ()
  for point in audio:envelope ():list ():events ():iter () do
    points[#points + 1] = json.list ({ point.when:samples (), point.value })
  end
  return points
end

-- Gives an audio region another region's scale amplitude and gain curve. A negative scale inverts the polarity.
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
