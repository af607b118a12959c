-- Wave: a 32-bit float WAV file that grows block by block, its length known from the start.

local wave = {}
wave.__index = wave

local FLOAT, BYTES = 3, 4
local CHUNK = 200 -- values packed at once: string.pack takes them as arguments

local function header(rate, channels, frames)
  local data = frames * channels * BYTES
  local frame = channels * BYTES
  local format = string.pack('<I2I2I4I4I2I2I2', FLOAT, channels, rate, rate * frame, frame, 8 * BYTES, 0)
  return string.pack('<c4I4c4', 'RIFF', 4 + 8 + #format + 8 + 4 + 8 + data, 'WAVE')
    .. string.pack('<c4I4', 'fmt ', #format) .. format
    .. string.pack('<c4I4I4', 'fact', 4, frames)
    .. string.pack('<c4I4', 'data', data)
end

-- Returns the file, or nil and why.
function wave.create(path, rate, channels, frames)
  local file, problem = io.open(path, 'wb')
  if not file then return nil, problem end
  local ok
  ok, problem = file:write(header(rate, channels, frames))
  if not ok then
    file:close()
    return nil, problem
  end
  return setmetatable({ path = path, file = file, channels = channels }, wave)
end

-- Append the first `count` values of a table of interleaved samples. Returns true, or nil and why.
function wave:append(values, count)
  local parts = {}
  for first = 1, count, CHUNK do
    local last = math.min(first + CHUNK - 1, count)
    parts[#parts + 1] = string.pack('<' .. ('f'):rep(last - first + 1), table.unpack(values, first, last))
  end
  return self.file:write(table.concat(parts))
end

function wave:close()
  return self.file:close()
end

function wave:discard()
  self.file:close()
  os.remove(self.path)
end

return wave
