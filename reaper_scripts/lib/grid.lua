-- Grid: the beats and bars of a span, from the project's tempo map.

local json = require 'json'

local grid = {}

local MOST_BEATS = 4096
local MARGIN = 2.0 -- seconds of grid before and after the span; handles are never longer
local AROUND = 1e-9 -- seconds added to a bar line's time, so that REAPER assigns the time to the bar that starts there

-- Returns a span's {beats, downbeats}: the times of the beats in seconds from the span's start, and the 0-based indices
-- of the downbeats.
function grid.over(project, from, to)
  local beats, downbeats = json.list(), json.list()
  local first, last = math.max(0, from - MARGIN), to + MARGIN
  local _, measure = reaper.TimeMap2_timeToBeats(project, first)
  local time = first
  while time <= last and #beats < MOST_BEATS do
    local bar = reaper.TimeMap2_beatsToTime(project, 0, measure)
    local _, _, per_bar = reaper.TimeMap2_timeToBeats(project, bar + AROUND)
    for beat = 0, math.max(1, per_bar) - 1 do
      time = reaper.TimeMap2_beatsToTime(project, beat, measure)
      if time > last then break end
      if time >= first then
        if beat == 0 then downbeats[#downbeats + 1] = #beats end
        beats[#beats + 1] = time - from
      end
    end
    measure = measure + 1
  end
  return { beats = beats, downbeats = downbeats }
end

return grid
