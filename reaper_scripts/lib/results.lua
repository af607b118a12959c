-- Results: actions that swap a placed result with its source, remove the result or run the remix again.

local error_guard = require 'error_guard'
local json = require 'json'
local mail = require 'mail'
local notes = require 'notes'
local objects = require 'objects'
local placeholder = require 'placeholder'
local tracks = require 'tracks'
local undo = require 'undo'

local results = {}

local KEYS = { 'variation', 'job', 'request', 'source', 'seed', 'recipe' }

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

local function results_of_source(project, guid)
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
    local others = source and (own and { item } or results_of_source(project, objects.item_guid(item))) or {}
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
  undo.point(project, 'Swap source and remix', function()
    for _, pair in ipairs(found) do
      local source_sounds = reaper.GetMediaItemInfo_Value(pair.source, 'B_MUTE') == 0
      set_mute(pair.source, source_sounds)
      for _, item in ipairs(pair.results) do set_mute(item, not source_sounds) end
    end
  end)
end

-- Removes the selected placeholders; their remixes are still placed later. If no placeholders are selected, removes the
-- selected results.
function results.remove(project)
  if placeholder.remove_selected(project) then return end
  local found = results.selected(project)
  for _, one in ipairs(found) do
    if one.take then
      error_guard.refuse('This remix is a take: remove it with REAPER\'s "Delete active take from items".')
    end
  end
  undo.point(project, 'Remove remix', function()
    for _, one in ipairs(found) do
      local track = reaper.GetMediaItem_Track(one.item)
      reaper.DeleteTrackMediaItem(track, one.item)
      tracks.remove_if_unused(track)
    end
  end)
  for _, one in ipairs(found) do mail.send('removed', { variation_id = one.variation }) end
end

-- Runs the jobs of the selected results again with the changed settings `remix`. Returns the ids of the messages sent.
function results.rerun(project, remix)
  local ids, seen = json.list(), {}
  for _, one in ipairs(results.selected(project)) do
    if not seen[one.job] then
      seen[one.job] = true
      ids[#ids + 1] = results.rerun_one(project, one, remix)
    end
  end
  return ids
end

function results.rerun_one(project, one, remix)
  local note = one.request and notes.load(one.request)
  if not note then error_guard.refuse('The saved data for this remix is missing. Remix its source item instead.') end
  note.message_id, note.created, note.told, note.ended = mail.new_id(), os.time(), nil, nil
  note.rendered = json.list() -- the rendered files belong to the first request
  local ok, problem = notes.save(note)
  if ok then ok, problem = mail.send('rerun', { job_id = one.job, remix = remix }, note.message_id) end
  if not ok then error_guard.refuse('Cannot write the request: ' .. tostring(problem)) end
  placeholder.put(project, note)
  return note.message_id
end

return results
