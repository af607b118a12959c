-- Blocking: says beforehand for how long a render will block REAPER.

local objects = require 'objects'
local render = require 'render'
local speed = require 'speed'
local stem = require 'stem'
local take_audio = require 'take_audio'
local track_sound = require 'track_sound'

local blocking = {}

local OTHERS = 'The render contains what other tracks play into this track.'

-- Returns how an item's audio is exported; nil if the item cannot be remixed.
local function plan_of(project, range, sound)
  local track = reaper.GetMediaItem_Track(range.item)
  local ok, plan = pcall(take_audio.plan, range, sound or track_sound.get(project, track))
  return ok and plan or nil
end

-- Returns the seconds of audio that REAPER must render before some ranges can be sent, and whether the audio contains
-- other tracks.
local function rendered(project, found, sound)
  local seconds, has_others = 0, false
  for _, range in ipairs(found) do
    local plan = plan_of(project, range, sound)
    local is_stem = plan and plan.route == 'stem'
    if is_stem or plan and plan.route == 'render' then
      local span = { item = range.item, from = range.from, length = range.to - range.from, stem = is_stem }
      seconds = seconds + render.seconds(span)
    end
    has_others = has_others or is_stem and stem.has_other_sources(reaper.GetMediaItem_Track(range.item))
  end
  return seconds, has_others
end

-- Returns a short text such as "REAPER is blocked for about 4 s."; nil if nothing must be rendered. If `sound` is nil,
-- the sound of each range is the one chosen for its track.
function blocking.text(project, found, sound)
  local seconds, has_others = rendered(project, found, sound)
  if seconds == 0 then return nil end
  return ('REAPER is blocked %s.'):format(speed.text(seconds)) .. (has_others and ' ' .. OTHERS or '')
end

-- Returns what the user must know before the render; nil if nothing must be rendered.
function blocking.question(project, found)
  local seconds, has_others = rendered(project, found)
  if seconds == 0 then return nil end
  local text = ('REAPER must first render %.1f s of audio through take FX, an instrument or the track\'s effects. '
    .. 'This blocks REAPER %s.'):format(seconds, speed.text(seconds))
  if has_others then text = text .. '\n\n' .. OTHERS end
  if objects.current() ~= project then text = text .. '\n\nThe render waits until its project tab is active.' end
  return text
end

return blocking
