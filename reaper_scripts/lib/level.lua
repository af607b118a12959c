-- Level: how loud the beginning of a take is by REAPER's reader, how loud and how long a WAV file is by its bytes.

local files = require 'files'

local level = {}

local RATE, CHANNELS, FRAMES = 48000, 2, 4096
local FORMATS = { -- bytes of a value → how string.unpack reads it, and its full scale
  [2] = { '<i2', 2 ^ 15 },
  [3] = { '<i3', 2 ^ 23 },
  [4] = { '<i4', 2 ^ 31 },
}
local FLOAT, FLOATS = 3, { '<f', 1 }
local BEGINNING = 65536 -- bytes: the head and more than is measured

local function rms(sum, count)
  return count > 0 and math.sqrt(sum / count) or 0
end

-- Of the first samples of a take, as its audio accessor gives them; of the right channel alone where that is asked.
function level.of_take(take, is_right)
  local accessor = reaper.CreateTakeAudioAccessor(take)
  local buffer = reaper.new_array(FRAMES * CHANNELS)
  buffer.clear()
  reaper.GetAudioAccessorSamples(accessor, RATE, CHANNELS, 0, FRAMES, buffer)
  reaper.DestroyAudioAccessor(accessor)
  local sum, count, values = 0, 0, buffer.table()
  for i = is_right and 2 or 1, #values, is_right and CHANNELS or 1 do
    sum, count = sum + values[i] * values[i], count + 1
  end
  return rms(sum, count)
end

-- The chunks of a RIFF file: name → first byte of its content and its size.
local function chunks(content)
  local found, at = {}, 13
  while at + 8 <= #content do
    local name, size = content:sub(at, at + 3), string.unpack('<I4', content, at + 4)
    found[name] = { at = at + 8, size = size }
    at = at + 8 + size + size % 2
  end
  return found
end

-- The beginning of a WAV file: its chunks, how a value is read, bytes of a value, channels and rate; nil for others.
local function opened(path)
  local content = files.read(path, BEGINNING) or ''
  local found = content:sub(1, 4) == 'RIFF' and chunks(content) or {}
  if not found['fmt '] or not found.data then return nil end
  local kind, channels, rate, _, _, bits = string.unpack('<I2I2I4I4I2I2', content, found['fmt '].at)
  local format = kind == FLOAT and FLOATS or FORMATS[bits // 8]
  if not format then return nil end
  return { content = content, data = found.data, format = format, bytes = bits // 8, channels = channels, rate = rate }
end

-- Of the first samples of a WAV file, or of its right channel; nil where it is none.
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

-- How long a WAV file is, in s; nil where it is none.
function level.seconds(path)
  local wave = opened(path)
  return wave and wave.data.size / (wave.bytes * wave.channels * wave.rate)
end

return level
