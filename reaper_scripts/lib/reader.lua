-- Reader: writes a take's audio to a file, as it is before the take FX. Each call takes a few milliseconds.
-- Use: local one = reader.start(project, item, from, length, path), then one:step(0.01) in each tick until this returns
-- true.

local error_guard = require 'error_guard'
local objects = require 'objects'
local take_audio = require 'take_audio'
local wave = require 'wave'

local reader = {}
reader.__index = reader

local STEREO = 2
local BLOCK = 4096 -- frames
local USUAL_RATE, LOWEST_RATE, HIGHEST_RATE = 48000, 8000, 192000

local function rate_of(take)
  local rate = reaper.GetMediaSourceSampleRate(reaper.GetMediaItemTake_Source(take))
  return rate >= LOWEST_RATE and rate <= HIGHEST_RATE and rate or USUAL_RATE
end

-- Returns how many channels to read. A mono take is read as mono, because REAPER does not document whether an accessor
-- asked for two channels of a mono take fills both.
local function channels_of(take)
  return take_audio.is_mono(take) and 1 or STEREO
end

-- Starts to read `length` seconds of the item's active take, beginning at `from` seconds on the timeline.
function reader.start(project, item, from, length, path)
  local take = reaper.GetActiveTake(item)
  local rate, channels = math.floor(rate_of(take)), channels_of(take)
  local frames = math.floor(length * rate + 0.5)
  local file, problem = wave.create(path, rate, channels, frames)
  if not file then error_guard.refuse(('Cannot write the clip to %s: %s'):format(path, problem)) end
  return setmetatable({
    project = project,
    item = item,
    guid = objects.item_guid(item),
    file = file,
    rate = rate,
    channels = channels,
    frames = frames,
    at = 0,
    start = from - reaper.GetMediaItemInfo_Value(item, 'D_POSITION'),
    accessor = reaper.CreateTakeAudioAccessor(take),
    buffer = reaper.new_array(BLOCK * channels),
  }, reader)
end

function reader:block()
  local count = math.min(BLOCK, self.frames - self.at)
  self.buffer.clear()
  local time = self.start + self.at / self.rate
  local got = reaper.GetAudioAccessorSamples(self.accessor, self.rate, self.channels, time, count, self.buffer)
  if got < 0 then error_guard.refuse('REAPER could not read the item\'s audio.') end
  local ok, problem = self.file:append(self.buffer.table(), count * self.channels)
  if not ok then error_guard.refuse('Cannot write the clip: ' .. problem) end
  self.at = self.at + count
end

-- Finds the item again if REAPER has replaced it, as an undo does.
function reader:find_item()
  if reaper.ValidatePtr2(self.project, self.item, 'MediaItem*') then return end
  local item = objects.find_item(self.project, self.guid)
  local take = item and reaper.GetActiveTake(item)
  if not take then error_guard.refuse('The item was deleted before it was read. Nothing was sent or charged.') end
  reaper.DestroyAudioAccessor(self.accessor)
  self.item, self.accessor = item, reaper.CreateTakeAudioAccessor(take)
end

-- Reads for about `budget` seconds. Returns true if the file is then complete.
function reader:step(budget)
  local stop = reaper.time_precise() + budget
  self:find_item()
  while self.at < self.frames do
    self:block()
    if reaper.time_precise() >= stop then return self.at >= self.frames end
  end
  return true
end

function reader:finish()
  reaper.DestroyAudioAccessor(self.accessor)
  local ok, problem = self.file:close()
  if not ok then error_guard.refuse('Cannot write the clip: ' .. tostring(problem)) end
end

function reader:discard()
  reaper.DestroyAudioAccessor(self.accessor)
  self.file:discard()
end

return reader
