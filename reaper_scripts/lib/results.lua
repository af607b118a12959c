-- Results: finds placed results, swaps them with their sources and removes them.

local error_guard = require 'error_guard'
local mail = require 'mail'
local notes = require 'notes'
local objects = require 'objects'
local placeholder = require 'placeholder'
local tracks = require 'tracks'
local undo = require 'undo'

local results = {}

local KEYS = { 'variation', 'job', 'request', 'source', 'seed', 'recipe' }

local OF_TAKES = 'This remix is a take: remove it with REAPER\'s "Delete active take from items".'

local function about(object, mark)
  local found = {}
  for _, key in ipairs(KEYS) do found[key] = mark(object, key) end
  return found.variation and found or nil
end

-- Returns a placed item's markers as {item, variation, job, request, source, seed, recipe}; nil for other items.
function results.of(item)
  local found = about(item, objects.item_mark)
  local take = not found and reaper.GetActiveTake(item)
  if take then
    found = about(take, objects.take_mark)
    if found then found.take = take end
  end
  if found then found.item = item end
  return found
end

-- Returns the selected items that are results. If there are none, stops the action with a message.
function results.selected(project)
  local found = {}
  for item in objects.selected_items(project) do found[#found + 1] = results.of(item) end
  if #found == 0 then error_guard.refuse('Select a remix first: an item placed by ACE Bridge.') end
  return found
end

local function set_mute(item, muted)
  reaper.SetMediaItemInfo_Value(item, 'B_MUTE', muted and 1 or 0)
end

-- Returns the items that are remixes of the item with this GUID.
function results.of_source(project, guid)
  local found = {}
  for item in objects.items(project) do
    if objects.item_mark(item, 'source') == guid then found[#found + 1] = item end
  end
  return found
end

-- Returns the sources of the selected items, each with its results. Each source is returned only once, even if a source
-- and one of its results are both selected.
local function pairs_of_selection(project)
  local found, seen = {}, {}
  for item in objects.selected_items(project) do
    local own = objects.item_mark(item, 'source')
    local source = own and objects.find_item(project, own) or not own and item
    local others = source and (own and { item } or results.of_source(project, objects.item_guid(item))) or {}
    if #others > 0 and not seen[source] then
      seen[source] = true
      found[#found + 1] = { source = source, results = others }
    end
  end
  if #found == 0 then error_guard.refuse('Select a remix on its own track, or its source item.') end
  return found
end

function results.swap(project)
  local found = pairs_of_selection(project)
  undo.point(project, 'Swap source and remix', undo.ITEMS, function()
    for _, pair in ipairs(found) do
      local source_sounds = reaper.GetMediaItemInfo_Value(pair.source, 'B_MUTE') == 0
      set_mute(pair.source, source_sounds)
      for _, item in ipairs(pair.results) do set_mute(item, not source_sounds) end
    end
  end)
end

-- Returns a placed variation. If it is not in the project, stops the action with a message.
function results.find(project, variation)
  local item = objects.find_variation(project, variation)
  if not item then error_guard.refuse('This remix is no longer in the project.') end
  local found = results.of(item)
  if found and found.variation == variation then return found end
  for take in objects.takes(item) do
    found = take and about(take, objects.take_mark)
    if found and found.variation == variation then
      found.item, found.take = item, take
      return found
    end
  end
end

-- Lets a result play and mutes its source, or vice versa if the source is already muted.
function results.swap_one(project, one)
  local source = not one.take and objects.find_item(project, one.source)
  if not source then error_guard.refuse('The source of this remix is no longer an item of its own.') end
  undo.point(project, 'Swap source and remix', undo.ITEMS, function()
    local source_sounds = reaper.GetMediaItemInfo_Value(source, 'B_MUTE') == 0
    set_mute(source, source_sounds)
    for _, item in ipairs(results.of_source(project, one.source)) do
      local is_this = objects.item_mark(item, 'variation') == one.variation
      set_mute(item, not (is_this and source_sounds))
    end
  end)
end

-- Returns the first request of a chain of re-runs.
local function first_request(message_id)
  local note = message_id and notes.load(message_id)
  return note and note.first or message_id
end

local function remove_items(project, name, found)
  local told = {}
  undo.point(project, name, undo.TRACKS | undo.ITEMS, function()
    for _, one in ipairs(found) do
      local track = reaper.GetMediaItem_Track(one.item)
      reaper.DeleteTrackMediaItem(track, one.item)
      tracks.remove_if_unused(track)
    end
  end)
  for _, one in ipairs(found) do
    local is_left = objects.find_variation(project, one.variation) -- another part of a remix whose source was split
    if not is_left and not told[one.variation] then mail.send('removed', { variation_id = one.variation }) end
    told[one.variation] = true
  end
end

-- Removes the other variations of a result's clip: of the same request and of its re-runs. Their files are kept.
function results.keep(project, kept)
  if kept.take then error_guard.refuse(OF_TAKES) end
  local request, others = first_request(kept.request), {}
  for _, item in ipairs(results.of_source(project, kept.source)) do
    local one = results.of(item)
    if one and one.variation ~= kept.variation and first_request(one.request) == request then
      others[#others + 1] = one
    end
  end
  if #others == 0 then error_guard.refuse('This clip has no other variations in the project.') end
  remove_items(project, 'Keep one remix', others)
end

-- Removes the selected placeholders; their remixes are still placed later. If no placeholders are selected, removes the
-- selected results.
function results.remove(project)
  if placeholder.remove_selected(project) then return end
  local found = results.selected(project)
  for _, one in ipairs(found) do
    if one.take then error_guard.refuse(OF_TAKES) end
  end
  remove_items(project, 'Remove remix', found)
end

return results
