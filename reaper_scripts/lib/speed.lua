-- Speed: how fast REAPER renders on this computer, as measured at the last long render.

local state = require 'state'

local speed = {}

local KEY = 'render_speed'
local LONG = 5.0 -- seconds of audio; REAPER's own preparations dominate shorter renders

-- Remembers that REAPER rendered some seconds of audio in `took` seconds.
function speed.note(seconds, took)
  if seconds >= LONG and took > 0 then state.keep(KEY, seconds / took) end
end

-- Returns in words how long a render of some seconds of audio will block REAPER, such as "for about 4 s". Before the
-- first measurement this is the longest time, that of a render at the speed of playback.
function speed.text(seconds)
  local measured = state.get(KEY)
  local took = math.max(1, math.ceil(seconds / (measured or 1)))
  return (measured and 'for about %d s' or 'for up to %d s'):format(took)
end

return speed
