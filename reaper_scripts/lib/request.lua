-- Request: builds the arguments of a `remix` message for some ranges, and the note needed to place the results.

local anchor = require 'anchor'
local edit_guard = require 'edit_guard'
local facts = require 'facts'
local files = require 'files'
local grid = require 'grid'
local halves = require 'halves'
local json = require 'json'
local objects = require 'objects'
local state = require 'state'
local take_audio = require 'take_audio'
local track_sound = require 'track_sound'
local tracks = require 'tracks'

local request = {}

local HIGHEST_RATE, LOWEST_RATE = 768000, 8000

function request.daw()
  return { name = 'reaper', version = reaper.GetAppVersion() }
end

local function sample_rate(project)
  if reaper.GetSetProjectInfo(project, 'PROJECT_SRATE_USE', 0, false) == 0 then return nil end
  local rate = math.floor(reaper.GetSetProjectInfo(project, 'PROJECT_SRATE', 0, false))
  return rate >= LOWEST_RATE and rate <= HIGHEST_RATE and rate or nil
end

-- Returns the message's `project` field, with the tempo and time signature at `at` seconds on the timeline.
function request.project(project, at)
  local path = objects.project_path(project)
  local media = reaper.GetProjectPathEx(project)
  local numerator, denominator, tempo = reaper.TimeMap_GetTimeSigAtTime(project, at or 0)
  return {
    name = reaper.GetProjectName(project),
    path = path ~= '' and path or nil,
    media_path = files.is_absolute(media) and media or nil,
    sample_rate = sample_rate(project),
    tempo = tempo,
    time_signature = { numerator, denominator },
  }
end

local function about(track)
  return {
    id = objects.track_guid(track),
    name = tracks.name(track),
    index = math.floor(reaper.GetMediaTrackInfo_Value(track, 'IP_TRACKNUMBER')) - 1,
    color = math.floor(reaper.GetMediaTrackInfo_Value(track, 'I_CUSTOMCOLOR')),
    folder_depth = math.floor(reaper.GetMediaTrackInfo_Value(track, 'I_FOLDERDEPTH')),
  }
end

local function decibels(gain)
  return gain > 0 and math.max(-150, 20 * math.log(gain, 10)) or -150
end

-- Adds to a source the gain and fades that the placed item will get, because the daemon writes them to the recipe.
local function add_carried(source, clip)
  source.gain_db = decibels(clip.gain * (clip.carried.D_VOL or 1))
  source.fade_in = math.max(0, clip.carried.D_FADEINLEN or 0)
  source.fade_out = math.max(0, clip.carried.D_FADEOUTLEN or 0)
  return source
end

-- Returns which settings a route ("accessor", "render" or "stem") bakes into the clip's audio.
local function baked_by(route)
  return {
    take_volume = facts.get(route .. '_has_take_volume'),
    item_volume = facts.get(route .. '_has_item_volume'),
    fades = facts.get(route .. '_has_fades'),
    take_pan = facts.get(route .. '_has_take_pan'),
    track_volume = facts.get(route .. '_has_track_volume'),
  }
end

-- Returns the message's description of a clip, the clip's anchor, and the audio that REAPER must write before the clip
-- can be sent (nil if none).
local function clip_of(project, range, id, sound)
  local track = reaper.GetMediaItem_Track(range.item)
  local plan = take_audio.plan(range, sound or track_sound.get(project, track))
  local clip = anchor.of(range, plan.take)
  for _, text in ipairs(tracks.automation(track)) do table.insert(plan.ignored, text) end
  local args = {
    id = id,
    name = clip.name,
    track = about(track),
    position = clip.position,
    length = clip.length,
    position_beats = reaper.TimeMap2_timeToQN(project, clip.position),
    grid = grid.over(project, range.from, range.to),
    ignored = json.list(plan.ignored),
  }
  if plan.route == 'file' then
    args.source = add_carried(plan.source, clip)
    return args, clip
  end
  anchor.drop_baked(clip, plan.take, baked_by(plan.route))
  clip.has_track_effects = plan.route == 'stem' -- on its own track, the result would pass through the effects again
  return args, clip, { clip = id, route = plan.route, item = clip.item, from = clip.position, length = clip.length,
    why = plan.why }
end

-- Returns a request {message_id, args, note, work}. `work` lists the audio that REAPER must write before the request is
-- sent. If `sound` is nil, the sound of each clip is the one chosen for its track.
function request.of(project, ranges, remix, placement, sound)
  local message_id = state.new_id()
  local made = {
    message_id = message_id,
    work = json.list(),
    note = {
      message_id = message_id,
      project = objects.project_path(project),
      placement = placement,
      redo = edit_guard.redo_step(project), -- what the user could redo at the request
      variations = remix.variations or 1,
      clips = {},
      rendered = json.list(),
    },
  }
  local clips, anchors, note_others = json.list(), {}, halves.noter()
  for i, range in ipairs(ranges) do
    local id = ('clip-%d'):format(i)
    local args, clip, work = clip_of(project, range, id, sound)
    note_others(clip, range.item)
    clips[i], anchors[i], made.note.clips[id] = args, clip, clip
    made.work[#made.work + 1] = work
  end
  if placement.as_one then made.note.mix = anchor.mix(anchors, objects.track_guids(project)) end
  made.args = {
    request_id = message_id,
    daw = request.daw(),
    project = request.project(project, ranges[1].from),
    clips = clips,
    remix = remix,
    placement = placement,
  }
  return made
end

return request
