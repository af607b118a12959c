-- Objects: finds tracks, items and takes by GUID, because a GUID survives moves, undo and saving.
-- Placed objects carry their ids as extension data (P_EXT), which is saved with the project.

local objects = { WAITS = 'waits' } -- WAITS: key of the marker on a placeholder; the marker is "request/clip/variation"

local EXTENSION = 'P_EXT:ace_bridge_'

function objects.item_guid(item)
  local _, guid = reaper.GetSetMediaItemInfo_String(item, 'GUID', '', false)
  return guid
end

function objects.track_guid(track)
  return reaper.GetTrackGUID(track)
end

function objects.item_mark(item, key)
  local _, value = reaper.GetSetMediaItemInfo_String(item, EXTENSION .. key, '', false)
  return value ~= '' and value or nil
end

function objects.mark_item(item, key, value)
  reaper.GetSetMediaItemInfo_String(item, EXTENSION .. key, value, true)
end

function objects.take_mark(take, key)
  local _, value = reaper.GetSetMediaItemTakeInfo_String(take, EXTENSION .. key, '', false)
  return value ~= '' and value or nil
end

function objects.mark_take(take, key, value)
  reaper.GetSetMediaItemTakeInfo_String(take, EXTENSION .. key, value, true)
end

function objects.track_mark(track, key)
  local _, value = reaper.GetSetMediaTrackInfo_String(track, EXTENSION .. key, '', false)
  return value ~= '' and value or nil
end

function objects.mark_track(track, key, value)
  reaper.GetSetMediaTrackInfo_String(track, EXTENSION .. key, value, true)
end

-- Iterators -----------------------------------------------------------------------------------------------------------

local function counted(count, get)
  local i = -1
  return function()
    i = i + 1
    if i < count then return get(i) end
  end
end

function objects.items(project)
  return counted(reaper.CountMediaItems(project), function(i) return reaper.GetMediaItem(project, i) end)
end

function objects.selected_items(project)
  local count = reaper.CountSelectedMediaItems(project)
  return counted(count, function(i) return reaper.GetSelectedMediaItem(project, i) end)
end

function objects.tracks(project)
  return counted(reaper.CountTracks(project), function(i) return reaper.GetTrack(project, i) end)
end

function objects.items_of(track)
  return counted(reaper.GetTrackNumMediaItems(track), function(i) return reaper.GetTrackMediaItem(track, i) end)
end

function objects.takes(item)
  return counted(reaper.CountTakes(item), function(i) return reaper.GetTake(item, i) end)
end

-- Returns the project of the active tab. The parentheses drop the second result of EnumProjects, the path.
function objects.current()
  return (reaper.EnumProjects(-1))
end

-- Returns the open projects, with the active tab's project first.
function objects.projects()
  local active = objects.current()
  local found, i = { active }, 0
  local project = reaper.EnumProjects(0)
  while project do
    if project ~= active then found[#found + 1] = project end
    i = i + 1
    project = reaper.EnumProjects(i)
  end
  return found
end

function objects.project_path(project)
  local i, one, path = 0, reaper.EnumProjects(0)
  while one do
    if one == project then return path or '' end
    i = i + 1
    one, path = reaper.EnumProjects(i)
  end
  return ''
end

-- Search --------------------------------------------------------------------------------------------------------------

-- A survey is an index of a project's items by GUID, variation and placeholder marker. `objects.with_survey` builds the
-- survey once for many lookups, because a large project has thousands of items.
local surveys

-- Adds an item to a survey with as few calls to REAPER as possible, because REAPER waits for the whole survey.
local function note_item(found, item)
  found.items[objects.item_guid(item)] = item
  local takes = reaper.CountTakes(item)
  local waits = takes == 0 and objects.item_mark(item, objects.WAITS)
  if waits then
    found.waits[waits] = item
    return
  end
  local variation = objects.item_mark(item, 'variation')
  if variation then
    found.variations[variation] = item
  elseif takes > 1 then -- a remix placed as a take is never its item's only take
    for take in objects.takes(item) do
      variation = take and objects.take_mark(take, 'variation')
      if variation then found.variations[variation] = item end
    end
  end
end

local function survey(project)
  local found = surveys and surveys[project]
  if found then return found end
  found = { items = {}, variations = {}, waits = {} }
  for item in objects.items(project) do note_item(found, item) end
  if surveys then surveys[project] = found end
  return found
end

-- Runs `work` with one survey per project. The surveys do not include items that `work` adds.
function objects.with_survey(work, ...)
  surveys = {}
  local results = table.pack(pcall(work, ...))
  surveys = nil
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

function objects.find_item(project, guid)
  if surveys then return survey(project).items[guid] end
  for item in objects.items(project) do
    if objects.item_guid(item) == guid then return item end
  end
end

function objects.find_track(project, guid)
  for track in objects.tracks(project) do
    if objects.track_guid(track) == guid then return track end
  end
end

-- Returns the GUIDs of all tracks from top to bottom.
function objects.track_guids(project)
  local guids = {}
  for track in objects.tracks(project) do guids[#guids + 1] = objects.track_guid(track) end
  return guids
end

-- Returns the item that contains a placed variation, whether the variation was placed as an item or as a take.
function objects.find_variation(project, variation_id)
  return survey(project).variations[variation_id]
end

-- Returns the marker of a placeholder, or nil. An item with a take is not a placeholder: the user put audio into it.
function objects.placeholder_mark(item)
  return reaper.CountTakes(item) == 0 and objects.item_mark(item, objects.WAITS) or nil
end

-- Returns the project's placeholders by marker.
function objects.placeholders(project)
  if surveys then return survey(project).waits end
  local found = {}
  for item in objects.items(project) do
    local mark = objects.placeholder_mark(item)
    if mark then found[mark] = item end
  end
  return found
end

-- Returns the placeholder that has this marker.
function objects.find_waiting(project, mark)
  return survey(project).waits[mark]
end

return objects
