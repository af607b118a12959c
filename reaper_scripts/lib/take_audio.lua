-- Take audio: chooses how to export a take's audio without changing the project.
-- Route "file": the daemon cuts the audio from the file, accurate to the sample.
-- Route "accessor": REAPER's take accessor reads the audio as it is before the take FX.
-- Route "render": REAPER renders the item through its take FX.
-- Route "stem": REAPER renders the item through its track's effects, or a MIDI item through the track's instrument.
-- REAPER is blocked during both kinds of renders.

local error_guard = require 'error_guard'
local facts = require 'facts'
local stem = require 'stem'
local track_sound = require 'track_sound'

local take_audio = {}

-- File types that every decoder decodes to the same samples. MP3 is not included, because decoders disagree about the
-- silence at the start of a file (about 25 ms); REAPER itself decodes MP3 files.
local EXACT_TYPES = { WAVE = true, FLAC = true, AIFF = true, VORBIS = true, OGG = true, OPUS = true }
local CHANNELS = { [0] = 'normal', [1] = 'swap', [2] = 'downmix', [3] = 'left', [4] = 'right' }
local DOWNMIX, FIRST_MULTICHANNEL_MODE, FIRST_PAIR_MODE = 2, 5, 67 -- values of I_CHANMODE
local ROUNDING = 1e-6 -- seconds by which a clip may extend past the end of its file

-- Returns a take's file source, which may be nested in section or reversed sources.
local function root_of(source)
  local parent = reaper.GetMediaSourceParent(source)
  while parent do
    source, parent = parent, reaper.GetMediaSourceParent(parent)
  end
  return source
end

local function value(take, key)
  return reaper.GetMediaItemTakeInfo_Value(take, key)
end

local function has_active_fx(take)
  for fx = 0, reaper.TakeFX_GetCount(take) - 1 do
    if reaper.TakeFX_GetEnabled(take, fx) and not reaper.TakeFX_GetOffline(take, fx) then return true end
  end
  return false
end

-- Returns why the `length` seconds of a take that begin at `offset` cannot be cut from the file exactly; nil if they
-- can.
local function why_not_exact(take, source, offset, length)
  local rate = value(take, 'D_PLAYRATE')
  if reaper.GetMediaSourceParent(source) then return 'a section or reversed' end
  if not EXACT_TYPES[reaper.GetMediaSourceType(source)] then return 'a file type that only REAPER decodes' end
  if value(take, 'D_PITCH') ~= 0 then return 'a changed pitch' end
  if rate ~= 1 and value(take, 'B_PPITCH') ~= 0 then return 'a changed rate with preserved pitch' end
  if reaper.GetTakeNumStretchMarkers(take) > 0 then return 'stretch markers' end
  if reaper.CountTakeEnvelopes(take) > 0 then return 'a take envelope' end
  if not CHANNELS[math.floor(value(take, 'I_CHANMODE'))] then return 'a multichannel mode' end
  local seconds = reaper.GetMediaSourceLength(source)
  if offset < 0 or offset + length > seconds + ROUNDING then return 'a loop, or silence around the file' end
  return nil
end

-- Returns a clip's span in the file. The daemon applies channel mode, polarity and pan; the placed item gets the gain.
local function span_of(take, source, offset)
  local rate, pan = value(take, 'D_PLAYRATE'), value(take, 'D_PAN')
  return {
    path = reaper.GetMediaSourceFileName(source),
    offset = offset,
    playrate = rate,
    preserve_pitch = false,
    channels = CHANNELS[math.floor(value(take, 'I_CHANMODE'))],
    polarity = value(take, 'D_VOL') < 0,
    pan = pan ~= 0 and math.max(-1, math.min(1, pan)) or nil,
  }
end

local function check_file(source)
  local path = reaper.GetMediaSourceFileName(source)
  if path == '' then error_guard.refuse('This item has no audio file.') end
  if not reaper.file_exists(path) then -- REAPER's function supports every character in a path
    error_guard.refuse('The item\'s file is offline or missing:\n' .. path
      .. '\n\nNothing was sent or charged.')
  end
end

-- Returns whether an accessor reads a take as mono: its source is mono, or its channel mode makes it mono.
function take_audio.is_mono(take)
  local mode = value(take, 'I_CHANMODE')
  if reaper.GetMediaSourceNumChannels(reaper.GetMediaItemTake_Source(take)) == 1 then return true end
  return mode >= DOWNMIX and mode < FIRST_PAIR_MODE and facts.get('accessor_has_channel_mode')
end

-- Returns how to export an item's own audio; see take_audio.plan.
local function plan_of_item(range, take)
  if has_active_fx(take) then return { route = 'render', take = take, ignored = {} } end
  local source = reaper.GetMediaItemTake_Source(take)
  local rate = value(take, 'D_PLAYRATE')
  local start = range.from - reaper.GetMediaItemInfo_Value(range.item, 'D_POSITION')
  local offset = value(take, 'D_STARTOFFS') + start * rate
  local why = why_not_exact(take, source, offset, (range.to - range.from) * rate)
  if not why then return { route = 'file', take = take, source = span_of(take, source, offset), ignored = {} } end
  local ignored, mode = {}, value(take, 'I_CHANMODE')
  if mode ~= 0 and not facts.get('accessor_has_channel_mode') then
    ignored[1] = 'the channel mode'
  elseif mode >= FIRST_MULTICHANNEL_MODE then
    ignored[1] = 'the multichannel mode'
  end
  if reaper.CountTakeEnvelopes(take) > 0 then ignored[#ignored + 1] = 'take envelopes' end
  return { route = 'accessor', take = take, why = why, ignored = ignored }
end

-- Returns how to export a range {item, from, to}, as {route, take, source, ignored, why}. `sound` is the item's own
-- sound or that of its track (see track_sound.lua). `source` is the span in the file and is set only for the route
-- "file". `ignored` lists settings that are left out. `why` is the reason for the route "accessor".
function take_audio.plan(range, sound)
  local take = reaper.GetActiveTake(range.item)
  if not take then error_guard.refuse('This item is empty. Select an item with audio or MIDI.') end
  if reaper.TakeIsMIDI(take) then return { route = 'stem', take = take, ignored = {} } end
  local source = reaper.GetMediaItemTake_Source(take)
  if not source then error_guard.refuse('This item\'s media is offline.') end
  check_file(root_of(source))
  local is_wanted = sound == track_sound.TRACK and stem.differs(reaper.GetMediaItem_Track(range.item))
  if is_wanted and not stem.is_in_silent_lane(range.item) then return { route = 'stem', take = take, ignored = {} } end
  local plan = plan_of_item(range, take)
  if is_wanted then table.insert(plan.ignored, 'the track\'s effects, because the item\'s lane does not play') end
  return plan
end

-- Returns the ranges whose audio can be exported, and why the others cannot, as one text for each.
function take_audio.readable(found)
  local readable, problems = {}, {}
  for _, range in ipairs(found) do
    local ok, problem = pcall(take_audio.plan, range)
    if ok then
      readable[#readable + 1] = range
    elseif type(problem) == 'table' then
      problems[#problems + 1] = problem.text
    else
      error(problem, 0)
    end
  end
  return readable, problems
end

return take_audio
