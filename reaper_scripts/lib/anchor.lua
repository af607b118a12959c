-- Anchor: where a clip is in its source, so that it is found again when its item was moved, trimmed or slipped.
-- anchor.of(range) when it is asked for, anchor.find(project, anchor) when the result comes.

local objects = require 'objects'

local anchor = {}

local SAME = 1e-6 -- s, and for rates

-- Gains, fades and the snap offset are not baked into what is sent; the placed item gets them.
local CARRIED = {
  'D_VOL', 'D_SNAPOFFSET', 'D_FADEINLEN', 'D_FADEOUTLEN', 'D_FADEINLEN_AUTO', 'D_FADEOUTLEN_AUTO',
  'D_FADEINDIR', 'D_FADEOUTDIR', 'C_FADEINSHAPE', 'C_FADEOUTSHAPE', 'I_CUSTOMCOLOR',
}
local AT_THE_START = { D_SNAPOFFSET = true, D_FADEINLEN = true, D_FADEINLEN_AUTO = true }
local AT_THE_END = { D_FADEOUTLEN = true, D_FADEOUTLEN_AUTO = true }

-- What is to be remembered of a range {item, from, to}.
function anchor.of(range, take)
  local item = range.item
  local position = reaper.GetMediaItemInfo_Value(item, 'D_POSITION')
  local last = position + reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
  local rate = reaper.GetMediaItemTakeInfo_Value(take, 'D_PLAYRATE')
  local _, take_guid = reaper.GetSetMediaItemTakeInfo_String(take, 'GUID', '', false)
  local _, name = reaper.GetSetMediaItemTakeInfo_String(take, 'P_NAME', '', false)
  local starts, ends = math.abs(range.from - position) < SAME, math.abs(range.to - last) < SAME
  local carried = {}
  for _, key in ipairs(CARRIED) do
    if (starts or not AT_THE_START[key]) and (ends or not AT_THE_END[key]) then
      carried[key] = reaper.GetMediaItemInfo_Value(item, key)
    end
  end
  return {
    item = objects.item_guid(item),
    take = take_guid,
    track = objects.track_guid(reaper.GetMediaItem_Track(item)),
    name = name,
    position = range.from,
    length = range.to - range.from,
    rate = rate,
    source_time = reaper.GetMediaItemTakeInfo_Value(take, 'D_STARTOFFS') + (range.from - position) * rate,
    starts = starts, -- whether the clip begins where its item does
    ends = ends,
    gain = math.abs(reaper.GetMediaItemTakeInfo_Value(take, 'D_VOL')),
    carried = carried,
  }
end

local function take_of(item, guid)
  for take in objects.takes(item) do
    if take then
      local _, one = reaper.GetSetMediaItemTakeInfo_String(take, 'GUID', '', false)
      if one == guid then return take end
    end
  end
end

-- What REAPER has baked into the written clip is not applied a second time.
function anchor.drop_baked(clip, baked)
  if baked.take_volume then clip.gain = 1 end
  if baked.item_volume then clip.carried.D_VOL = nil end
  if baked.fades then
    for _, key in ipairs({ 'D_FADEINLEN', 'D_FADEOUTLEN', 'D_FADEINLEN_AUTO', 'D_FADEOUTLEN_AUTO' }) do
      clip.carried[key] = nil
    end
  end
end

-- The open project in which the clip lives: its item, else its track, else the file it was asked from.
function anchor.project_of(project_path, clip)
  local projects = objects.projects()
  if project_path ~= '' then -- a copy under another name has the same GUIDs
    table.sort(projects, function(a, b)
      local first, second = objects.project_path(a) == project_path, objects.project_path(b) == project_path
      return first and not second
    end)
  end
  for _, find in ipairs({ objects.find_item, objects.find_track }) do
    for _, project in ipairs(projects) do
      local guid = find == objects.find_item and clip.item or clip.track
      if find(project, guid) then return project end
    end
  end
  local first = projects[1]
  if project_path ~= '' and objects.project_path(first) == project_path then return first end
end

-- Where the clip is now: {item or nil, track or nil, zero = timeline second of the result's clip start, from, to}.
-- `lead` and `tail` are the seconds that the result's file has before and after the clip.
function anchor.find(project, clip, lead, tail)
  local item = objects.find_item(project, clip.item)
  local take = item and take_of(item, clip.take)
  local track = item and reaper.GetMediaItem_Track(item) or objects.find_track(project, clip.track)
  local place = { item = item, track = track, zero = clip.position }
  place.from, place.to = clip.position, clip.position + clip.length
  if not take then return place end
  local rate = reaper.GetMediaItemTakeInfo_Value(take, 'D_PLAYRATE')
  if math.abs(rate - clip.rate) > SAME then return place end
  local first = reaper.GetMediaItemInfo_Value(item, 'D_POSITION')
  local last = first + reaper.GetMediaItemInfo_Value(item, 'D_LENGTH')
  local zero = first + (clip.source_time - reaper.GetMediaItemTakeInfo_Value(take, 'D_STARTOFFS')) / rate
  if math.abs(zero - clip.position) < SAME then zero = clip.position end -- where nothing moved, not a bit is rounded
  local from = math.max(first, zero - (clip.starts and lead or 0))
  local to = math.min(last, zero + clip.length + (clip.ends and tail or 0))
  if math.abs(to - zero - clip.length) < SAME then to = zero + clip.length end
  if math.abs(from - zero) < SAME then from = zero end
  place.zero = zero
  if to - from < SAME then from, to = zero, zero + clip.length end -- the item shows another part of its source now
  place.from, place.to = from, to
  return place
end

return anchor
