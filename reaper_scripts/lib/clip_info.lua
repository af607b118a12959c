-- Clip info: what the dialog says about the selected clips: their names, and what the bridge heard in the first one.

local files = require 'files'
local json = require 'json'
local objects = require 'objects'
local results = require 'results'
local tracks = require 'tracks'

local clip_info = {}

local MOST_NAMES = 3

local function name_of(item)
  local take = reaper.GetActiveTake(item)
  local name, _ = '', nil
  if take then _, name = reaper.GetSetMediaItemTakeInfo_String(take, 'P_NAME', '', false) end
  if name == '' then name = tracks.name(reaper.GetMediaItem_Track(item)) end
  return name ~= '' and name or 'clip'
end

-- Returns the names of some ranges, such as "Guitar, Bass, Drums and 2 more". Unnamed clips have their track's name.
function clip_info.names(found)
  local names = {}
  for i = 1, math.min(#found, MOST_NAMES) do names[i] = name_of(found[i].item) end
  local text = table.concat(names, ', ')
  return #found > MOST_NAMES and ('%s and %d more'):format(text, #found - MOST_NAMES) or text
end

local function recipe_at(path)
  local found = path and json.decode(files.read(path) or '')
  return type(found) == 'table' and found or {}
end

-- Returns the tags `key` of a recipe: what was sent to the engine, or else what was requested; nil if there are none.
local function tags_of(recipe, key)
  for _, found in ipairs({ json.maybe(recipe.said) or {}, (json.maybe(recipe.recipe) or {}).params or {} }) do
    local tags = json.maybe(found[key])
    if type(tags) == 'string' and tags ~= '' then return tags end
  end
end

-- Returns a description of what an item is now, from the recipe of an earlier remix; nil if there is none. A remix is
-- what its tags say, and a source is what the bridge heard, or what the user said.
function clip_info.now(project, item)
  local own = results.of(item)
  if own then return tags_of(recipe_at(own.recipe), 'tags') end
  for _, one in ipairs(results.of_source(project, objects.item_guid(item))) do
    local tags = tags_of(recipe_at(objects.item_mark(one, 'recipe')), 'original_tags')
    if tags then return tags end
  end
end

return clip_info
