-- Grid: the beats and bars of a span from the project's tempo map, in seconds from the clip's start.

local json = require 'json'

local grid = {}

local MOST_BEATS = 4096
local MARGIN = 2.0 -- s before and after the clip; handles are never longer
local AROUND = 1e-9 -- s added to a bar line's time, so that REAPER counts it to that bar

-- Returns {beats, downbeats} of a span: times in s from its start, and the 0-based indices of the downbeats.
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
