-- Placing: places a result as an item on a new track, as a take or on a fixed lane, in one undo point per project.

local anchor = require 'anchor'
local loops = require 'loops'
local objects = require 'objects'
local pieces = require 'pieces'
local placeholder = require 'placeholder'
local places = require 'places'
local tracks = require 'tracks'
local undo = require 'undo'

local placing = {}

local FIXED_LANES = 2 -- value of I_FREEMODE
local PLAYS_WITH_OTHERS = 2 -- value of C_LANEPLAYS: the lane and the other lanes play

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

-- Sets a take's source and settings. `offset` is the time in the source at the item's start. If the rate of the source
-- item was changed, the take is stretched in the same way.
local function fill_take(plan, take, place, source, offset, gain)
  reaper.SetMediaItemTake_Source(take, source)
  reaper.SetMediaItemTakeInfo_Value(take, 'D_STARTOFFS', offset)
  if place.rate ~= 1 then
    reaper.SetMediaItemTakeInfo_Value(take, 'D_PLAYRATE', place.rate)
    local preserves_pitch = reaper.GetMediaItemTakeInfo_Value(place.take, 'B_PPITCH')
    reaper.SetMediaItemTakeInfo_Value(take, 'B_PPITCH', preserves_pitch)
  end
  reaper.SetMediaItemTakeInfo_Value(take, 'D_VOL', gain * (plan.clip.polarity or 1))
  reaper.SetMediaItemTakeInfo_Value(take, 'D_PAN', plan.clip.pan or 0)
  local name = plan.clip.name ~= '' and plan.clip.name or 'clip'
  local label = ('%s - remix %d'):format(name, plan.variation.index + 1)
  reaper.GetSetMediaItemTakeInfo_String(take, 'P_NAME', label, true)
end

local function mark(mark_one, object, plan, source_item)
  mark_one(object, 'variation', plan.variation.variation_id)
  mark_one(object, 'job', plan.job.job_id)
  mark_one(object, 'request', plan.note.message_id)
  mark_one(object, 'source', source_item and objects.item_guid(source_item) or plan.clip.item)
  mark_one(object, 'seed', ('%d'):format(plan.variation.seed))
  mark_one(object, 'recipe', plan.result.recipe)
end

local function fill_item(plan, item, place, source)
  reaper.SetMediaItemInfo_Value(item, 'D_POSITION', place.from)
  reaper.SetMediaItemInfo_Value(item, 'D_LENGTH', place.to - place.from)
  reaper.SetMediaItemInfo_Value(item, 'B_LOOPSRC', 0)
  for key, value in pairs(anchor.carried_to(plan.clip, place)) do reaper.SetMediaItemInfo_Value(item, key, value) end
  local take = reaper.AddTakeToMediaItem(item)
  fill_take(plan, take, place, source, place.offset, plan.clip.gain)
  mark(objects.mark_item, item, plan, place.item)
end

local function as_track(plan, place, source)
  local track = tracks.for_clip(plan.project, place.track, plan.note, plan.clip, plan.variation.index)
  local item = reaper.AddMediaItemToTrack(track)
  fill_item(plan, item, place, source)
  return item
end

-- Returns the time in a result's file at the start of the place's item.
local function offset_in(place)
  local position = reaper.GetMediaItemInfo_Value(place.item, 'D_POSITION')
  return place.offset + (position - place.from) * place.rate
end

local function as_take(plan, place, source)
  loops.stop_if_needed(place.item, source, offset_in(place), place.rate)
  local take = reaper.AddTakeToMediaItem(place.item)
  local gain = plan.clip.gain
  if plan.clip.has_item_volume then gain = gain / reaper.GetMediaItemInfo_Value(place.item, 'D_VOL') end
  fill_take(plan, take, place, source, offset_in(place), gain)
  mark(objects.mark_take, take, plan, place.item)
  reaper.SetActiveTake(take)
  return place.item
end

-- Adds a lane below the track's lanes, and an item on it; returns nil if REAPER does not add the lane. REAPER moves an
-- item whose lane does not exist to the last lane, so the lane is added first.
local function item_on_new_lane(track)
  local lane = reaper.GetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES')
  reaper.SetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES', lane + 1)
  local item = reaper.AddMediaItemToTrack(track)
  reaper.SetMediaItemInfo_Value(item, 'I_FIXEDLANE', lane)
  if reaper.GetMediaItemInfo_Value(item, 'I_FIXEDLANE') == lane then return item, lane end
  reaper.DeleteTrackMediaItem(track, item)
end

local function as_lane(plan, place, source)
  local item, lane = item_on_new_lane(place.track)
  if not item then return as_track(plan, place, source) end
  fill_item(plan, item, place, source)
  reaper.UpdateItemLanes(plan.project)
  reaper.SetMediaTrackInfo_Value(place.track, ('C_LANEPLAYS:%d'):format(lane), PLAYS_WITH_OTHERS)
  reaper.UpdateTimeline()
  return item
end

-- Returns the function that places a result in the requested mode, or as_track if that mode is not possible. The mode
-- 'lane' requires a track that already uses fixed lanes, and 'take' an item that does not need its loop. On the
-- source's track, the track's effects would change a result that already contains them.
local function way(plan, place, source)
  if plan.clip.has_track_effects then return as_track end
  local mode = plan.note.placement.mode
  if mode == 'take' and place.item and loops.can_stop(place.item, source, offset_in(place), place.rate) then
    return as_take
  end
  if mode == 'lane' and place.track and reaper.GetMediaTrackInfo_Value(place.track, 'I_FREEMODE') == FIXED_LANES then
    return as_lane
  end
  return as_track
end

local function place_at(plan, place, source)
  local item = way(plan, place, source)(plan, place, source)
  if plan.note.placement.source == 'mute' and place.item and place.item ~= item then
    reaper.SetMediaItemInfo_Value(place.item, 'B_MUTE', 1)
  end
  reaper.UpdateItemInProject(item)
  return item
end

-- Mutes the items of a mix, if the user wants sources to be muted.
local function mute_mixed(plan)
  if not plan.clip.is_mix or plan.note.placement.source ~= 'mute' then return end
  for _, clip in pairs(plan.note.clips) do
    local item = objects.find_item(plan.project, clip.item)
    if item then reaper.SetMediaItemInfo_Value(item, 'B_MUTE', 1) end
  end
end

-- Returns all places of a result: one for each half of an item that was split, and for each part of a mix.
local function places_of(plan, source)
  local result, found = plan.result, {}
  local after = reaper.GetMediaSourceLength(source) - result.source_offset - result.samples / result.sample_rate
  for _, part in ipairs(pieces.of(plan.note, plan.clip, result)) do
    local is_whole = part.clip == plan.clip
    local lead, tail = result.source_offset, math.max(0, after)
    if not is_whole then lead, tail = 0, 0 end
    local start = result.source_offset + part.at
    for _, place in ipairs(places.find(plan.project, part.clip, start, lead, tail)) do
      if not is_whole then place.track = objects.find_track(plan.project, plan.clip.track) end
      found[#found + 1] = place
    end
  end
  return found
end

-- Places a result. Returns the first item.
local function place_one(plan, source)
  local first
  for _, place in ipairs(places_of(plan, source)) do
    local item = place_at(plan, place, source)
    first = first or item
  end
  mute_mixed(plan)
  placeholder.remove_for_result(plan.project, plan.note.message_id, plan.clip_id, plan.variation.index)
  return first
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
  undo.point(project, name, undo.TRACKS | undo.ITEMS, function()
    placeholder.remove_leftovers(project)
    for i, plan in ipairs(ready) do
      outcomes[#outcomes + 1] = { plan = plan, item = objects.item_guid(place_one(plan, sources[i])) }
    end
  end)
  return outcomes, sources
end

return placing
