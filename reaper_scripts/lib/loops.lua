-- Loops: lets a take that is shorter than its item end, instead of starting again. Looping is a setting of the whole
-- item, so it can be switched off only if no other take needs it.

local objects = require 'objects'

local loops = {}

local SAME = 1e-4 -- seconds by which a source may be shorter than its item
local LOOP = 'B_LOOPSRC'

-- Returns true if a source contains everything that an item plays of it from `offset`, in seconds of the source.
local function covers(item, source, offset, rate)
  local seconds, is_in_beats = reaper.GetMediaSourceLength(source)
  local last = offset + reaper.GetMediaItemInfo_Value(item, 'D_LENGTH') * rate
  return not is_in_beats and offset >= -SAME and last <= seconds + SAME
end

local function take_needs_loop(item, take)
  local source = take and reaper.GetMediaItemTake_Source(take)
  if not source then return false end
  local offset = reaper.GetMediaItemTakeInfo_Value(take, 'D_STARTOFFS')
  local rate = reaper.GetMediaItemTakeInfo_Value(take, 'D_PLAYRATE')
  return reaper.TakeIsMIDI(take) or not covers(item, source, offset, rate)
end

local function must_stop(item, source, offset, rate)
  return reaper.GetMediaItemInfo_Value(item, LOOP) ~= 0 and not covers(item, source, offset, rate)
end

-- Returns true if a source can become a take of an item without being repeated: the source covers the item from
-- `offset`, or none of the item's takes is repeated.
function loops.can_stop(item, source, offset, rate)
  if not must_stop(item, source, offset, rate) then return true end
  for take in objects.takes(item) do
    if take_needs_loop(item, take) then return false end
  end
  return true
end

-- Switches an item's loop off if the source would be repeated.
function loops.stop_if_needed(item, source, offset, rate)
  if must_stop(item, source, offset, rate) then reaper.SetMediaItemInfo_Value(item, LOOP, 0) end
end

return loops
