-- Level: measures the level at the start of a take, through REAPER's accessor, and the level and length of a WAV file.

local files = require 'files'

local level = {}

local RATE, CHANNELS, FRAMES = 48000, 2, 4096
local FORMATS = { -- maps bytes per sample to the format for string.unpack and the full-scale value
  [2] = { '<i2', 2 ^ 15 },
  [3] = { '<i3', 2 ^ 23 },
  [4] = { '<i4', 2 ^ 31 },
}
local FLOAT, FLOATS = 3, { '<f', 1 }
local BEGINNING = 65536 -- number of bytes to read; they contain the header and all samples to measure

local function rms(sum, count)
  return count > 0 and math.sqrt(sum / count) or 0
end

-- Returns the RMS level of a take's first samples in all channels or only the right channel, read through an accessor.
-- `channels` is how many channels to read; two by default.
function level.of_take(take, is_right, channels)
  channels = channels or CHANNELS
  local accessor = reaper.CreateTakeAudioAccessor(take)
  local buffer = reaper.new_array(FRAMES * channels)
  buffer.clear()
  reaper.GetAudioAccessorSamples(accessor, RATE, channels, 0, FRAMES, buffer)
  reaper.DestroyAudioAccessor(accessor)
  local sum, count, values = 0, 0, buffer.table()
  for i = is_right and 2 or 1, #values, is_right and channels or 1 do
    sum, count = sum + values[i] * values[i], count + 1
  end
  return rms(sum, count)
end

-- Returns a RIFF file's chunks by name, each with the position and the size of its content in bytes.
local function chunks(content)
  local found, at = {}, 13
  while at + 8 <= #content do
    local name, size = content:sub(at, at + 3), string.unpack('<I4', content, at + 4)
    found[name] = { at = at + 8, size = size }
    at = at + 8 + size + size % 2
  end
  return found
end

-- Returns the first bytes of a WAV file and the file's format; nil for other files.
local function opened(path)
  local content = files.read(path, BEGINNING) or ''
  local found = content:sub(1, 4) == 'RIFF' and chunks(content) or {}
  if not found['fmt '] or not found.data then return nil end
  local kind, channels, rate, _, _, bits = string.unpack('<I2I2I4I4I2I2', content, found['fmt '].at)
  local format = kind == FLOAT and FLOATS or FORMATS[bits // 8]
  if not format then return nil end
  return { content = content, data = found.data, format = format, bytes = bits // 8, channels = channels, rate = rate }
end

-- Returns the RMS level of a WAV file's first samples, in all channels or only the right channel; nil for other files.
function level.of_file(path, is_right)
  local wave = opened(path)
  if not wave then return nil end
  local here = (#wave.content - wave.data.at + 1) // wave.bytes
  local count = math.min(wave.data.size // wave.bytes, here, FRAMES * wave.channels)
  local sum, of = 0, 0
  for i = is_right and 1 or 0, count - 1, is_right and wave.channels or 1 do
    local value = string.unpack(wave.format[1], wave.content, wave.data.at + i * wave.bytes) / wave.format[2]
    sum, of = sum + value * value, of + 1
  end
  return rms(sum, of)
end

-- Returns a WAV file's length in seconds; nil for other files.
function level.seconds(path)
  local wave = opened(path)
  return wave and wave.data.size / (wave.bytes * wave.channels * wave.rate)
end

return level
