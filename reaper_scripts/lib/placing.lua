-- Placing: places a result as an item on a new track, as a take or on a fixed lane, in one undo point per project.

local anchor = require 'anchor'
local objects = require 'objects'
local placeholder = require 'placeholder'
local tracks = require 'tracks'
local undo = require 'undo'

local placing = {}

local FIXED_LANES = 2 -- value of I_FREEMODE

-- Returns the id and the anchor of a result's clip. If several clips were remixed as one, the id is 'mix', unless the
-- daemon remixed them separately.
local function clip_of(note, found)
  local id = found.variation.clip_id
  if note.mix then
    local others = {}
    for _, one in ipairs(found.job.variations) do others[one.clip_id] = true end
    others[id] = nil
    if not next(others) then return 'mix', note.mix end
  end
  return id, note.clips[id]
end

-- Returns the plan for placing a result found in the outbox; nil if the request's note has no clip for it.
function placing.plan(note, found)
  local clip_id, clip = clip_of(note, found)
  if not clip then return nil end
  return {
    clip_id = clip_id,
    clip = clip,
    note = note,
    result = found.variation.result,
    variation = found.variation,
    job = found.job,
    project = anchor.project_of(note.project, clip),
  }
end

local function fill_take(plan, take, source, offset, gain)
  reaper.SetMediaItemTake_Source(take, source)
  reaper.SetMediaItemTakeInfo_Value(take, 'D_STARTOFFS', offset)
  reaper.SetMediaItemTakeInfo_Value(take, 'D_VOL', gain * (plan.clip.polarity or 1))
  reaper.SetMediaItemTakeInfo_Value(take, 'D_PAN', plan.clip.pan or 0)
  local name = plan.clip.name ~= '' and plan.clip.name or 'clip'
  local label = ('%s - remix %d'):format(name, plan.variation.index + 1)
  reaper.GetSetMediaItemTakeInfo_String(take, 'P_NAME', label, true)
end

local function mark(mark_one, object, plan)
  mark_one(object, 'variation', plan.variation.variation_id)
  mark_one(object, 'job', plan.job.job_id)
  mark_one(object, 'request', plan.note.message_id)
  mark_one(object, 'source', plan.clip.item)
  mark_one(object, 'seed', ('%d'):format(plan.variation.seed))
  mark_one(object, 'recipe', plan.result.recipe)
end

local function fill_item(plan, item, place, source)
  reaper.SetMediaItemInfo_Value(item, 'D_POSITION', place.from)
  reaper.SetMediaItemInfo_Value(item, 'D_LENGTH', place.to - place.from)
  reaper.SetMediaItemInfo_Value(item, 'B_LOOPSRC', 0)
  for key, value in pairs(plan.clip.carried) do reaper.SetMediaItemInfo_Value(item, key, value) end
  local take = reaper.AddTakeToMediaItem(item)
  fill_take(plan, take, source, plan.result.source_offset + (place.from - place.zero), plan.clip.gain)
  mark(objects.mark_item, item, plan)
end

local function as_track(plan, place, source)
  local index = plan.variation.index
  local track = tracks.for_clip(plan.project, place.track, plan.note, plan.clip, index)
  placeholder.remove_for_result(plan.project, plan.note.message_id, plan.clip_id, index)
  local item = reaper.AddMediaItemToTrack(track)
  fill_item(plan, item, place, source)
  return item
end

local function as_take(plan, place, source)
  local take = reaper.AddTakeToMediaItem(place.item)
  local position = reaper.GetMediaItemInfo_Value(place.item, 'D_POSITION')
  local gain = plan.clip.gain
  if plan.clip.has_item_volume then gain = gain / reaper.GetMediaItemInfo_Value(place.item, 'D_VOL') end
  fill_take(plan, take, source, plan.result.source_offset + (position - place.zero), gain)
  mark(objects.mark_take, take, plan)
  reaper.SetActiveTake(take)
  return place.item
end

local function as_lane(plan, place, source)
  local lane = reaper.GetMediaTrackInfo_Value(place.track, 'I_NUMFIXEDLANES')
  local item = reaper.AddMediaItemToTrack(place.track)
  reaper.SetMediaItemInfo_Value(item, 'I_FIXEDLANE', lane)
  fill_item(plan, item, place, source)
  reaper.UpdateItemLanes(plan.project)
  reaper.UpdateTimeline()
  return item
end

-- Returns the function that places a result in the requested mode, or as_track if that mode is not possible. The mode
-- 'lane' requires a track that already uses fixed lanes.
local function way(plan, place)
  local mode = plan.note.placement.mode
  if mode == 'take' and place.item then return as_take end
  if mode == 'lane' and place.track and reaper.GetMediaTrackInfo_Value(place.track, 'I_FREEMODE') == FIXED_LANES then
    return as_lane
  end
  return as_track
end

local function place_one(plan, source)
  local rate = plan.result.sample_rate
  local tail = math.max(0, reaper.GetMediaSourceLength(source) - plan.result.source_offset - plan.result.samples / rate)
  local place = anchor.find(plan.project, plan.clip, plan.result.source_offset, tail)
  local item = way(plan, place)(plan, place, source)
  if plan.note.placement.source == 'mute' and place.item and place.item ~= item then
    reaper.SetMediaItemInfo_Value(place.item, 'B_MUTE', 1)
  end
  reaper.UpdateItemInProject(item)
  return item
end

-- Places the results of one project in one undo point. Returns a list of outcomes, each {plan, item} or
-- {plan, problem}, and a list of the new sources.
function placing.place(project, plans)
  local outcomes, ready, sources = {}, {}, {}
  for _, plan in ipairs(plans) do
    local item = objects.find_variation(project, plan.variation.variation_id)
    local source = not item and reaper.PCM_Source_CreateFromFile(plan.result.path)
    if item then -- already placed but not confirmed
      outcomes[#outcomes + 1] = { plan = plan, item = objects.item_guid(item) }
    elseif source then
      ready[#ready + 1], sources[#sources + 1] = plan, source
    else
      local problem = 'REAPER cannot open ' .. plan.result.path
      outcomes[#outcomes + 1] = { plan = plan, problem = problem }
    end
  end
  if #ready == 0 then return outcomes, sources end
  local name = #ready == 1 and 'Place remix' or ('Place %d remixes'):format(#ready)
  undo.point(project, name, function()
    for i, plan in ipairs(ready) do
      outcomes[#outcomes + 1] = { plan = plan, item = objects.item_guid(place_one(plan, sources[i])) }
    end
  end)
  return outcomes, sources
end

return placing
