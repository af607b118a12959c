-- Level: how loud the beginning of a take is by REAPER's reader, and of a WAV file by its bytes; for the self-test.

local files = require 'files'

local level = {}

local RATE, CHANNELS, FRAMES = 48000, 2, 4096
local FORMATS = { -- bytes of a value → how string.unpack reads it, and its full scale
  [2] = { '<i2', 2 ^ 15 },
  [3] = { '<i3', 2 ^ 23 },
  [4] = { '<i4', 2 ^ 31 },
}
local FLOAT, FLOATS = 3, { '<f', 1 }
local SIZES = { ['<f'] = 4 }

local function rms(sum, count)
  return count > 0 and math.sqrt(sum / count) or 0
end

-- Of the first samples of a take, as its audio accessor gives them.
function level.of_take(take)
  local accessor = reaper.CreateTakeAudioAccessor(take)
  local buffer = reaper.new_array(FRAMES * CHANNELS)
  buffer.clear()
  reaper.GetAudioAccessorSamples(accessor, RATE, CHANNELS, 0, FRAMES, buffer)
  reaper.DestroyAudioAccessor(accessor)
  local sum = 0
  for _, value in ipairs(buffer.table()) do sum = sum + value * value end
  return rms(sum, FRAMES * CHANNELS)
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

-- Of the first samples of a WAV file; nil where it is none.
function level.of_file(path)
  local content = files.read(path) or ''
  local found = content:sub(1, 4) == 'RIFF' and chunks(content) or {}
  if not found['fmt '] or not found.data then return nil end
  local kind, _, _, _, _, bits = string.unpack('<I2I2I4I4I2I2', content, found['fmt '].at)
  local format = kind == FLOAT and FLOATS or FORMATS[bits // 8]
  if not format then return nil end
  local bytes = SIZES[format[1]] or bits // 8
  local count = math.min(found.data.size // bytes, FRAMES * CHANNELS)
  local sum = 0
  for i = 0, count - 1 do
    local value = string.unpack(format[1], content, found.data.at + i * bytes) / format[2]
    sum = sum + value * value
  end
  return rms(sum, count)
end

return level
