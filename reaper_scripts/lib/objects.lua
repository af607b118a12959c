-- Objects: tracks, items and takes by their GUIDs, which outlive moves, undo and saving; never by index.
-- What the bridge has placed carries its ids as extension data (P_EXT), saved with the project.

local objects = {}

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

-- The project of the tab in front; EnumProjects has its path as a second value.
function objects.current()
  return (reaper.EnumProjects(-1))
end

-- Open projects, the active tab first.
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

function objects.find_item(project, guid)
  for item in objects.items(project) do
    if objects.item_guid(item) == guid then return item end
  end
end

function objects.find_track(project, guid)
  for track in objects.tracks(project) do
    if objects.track_guid(track) == guid then return track end
  end
end

-- The tracks' GUIDs from top to bottom.
function objects.track_guids(project)
  local guids = {}
  for track in objects.tracks(project) do guids[#guids + 1] = objects.track_guid(track) end
  return guids
end

-- The item in which a variation already stands, as an item of its own or as a take.
function objects.find_variation(project, variation_id)
  for item in objects.items(project) do
    if objects.item_mark(item, 'variation') == variation_id then return item end
    for take in objects.takes(item) do
      if take and objects.take_mark(take, 'variation') == variation_id then return item end
    end
  end
end

return objects
