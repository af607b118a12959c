-- Wave: writes a 32-bit float WAV file of known length, block by block.
-- This file must run on plain Lua 5.3 and 5.4 without REAPER's API, because `ace-bridge install ardour` copies it.

local wave = {}
wave.__index = wave

local FLOAT, BYTES = 3, 4
local CHUNK = 96 -- values per string.pack call, because each value is an argument

local function header(rate, channels, frames)
  local data = frames * channels * BYTES
  local frame = channels * BYTES
  local format = string.pack('<I2I2I4I4I2I2I2', FLOAT, channels, rate, rate * frame, frame, 8 * BYTES, 0)
  return string.pack('<c4I4c4', 'RIFF', 4 + 8 + #format + 8 + 4 + 8 + data, 'WAVE')
    .. string.pack('<c4I4', 'fmt ', #format) .. format
    .. string.pack('<c4I4I4', 'fact', 4, frames)
    .. string.pack('<c4I4', 'data', data)
end

-- Creates the file and writes its header. Returns the file object, or nil and an error message.
function wave.create(path, rate, channels, frames)
  local file, problem = io.open(path, 'wb')
  if not file then return nil, problem end
  local ok
  ok, problem = file:write(header(rate, channels, frames))
  local created = setmetatable({ path = path, file = file }, wave)
  if ok then return created end
  created:discard()
  return nil, problem
end

-- Appends the first `count` values of a table of interleaved samples. Returns true, or nil and an error message.
function wave:append(values, count)
  local parts = {}
  for first = 1, count, CHUNK do
    local last = math.min(first + CHUNK - 1, count)
    parts[#parts + 1] = string.pack('<' .. ('f'):rep(last - first + 1), table.unpack(values, first, last))
  end
  return self.file:write(table.concat(parts))
end

-- Closes the file. Returns true, or nil and an error message; the system may report a full disk only here.
function wave:close()
  return self.file:close()
end

function wave:discard()
  if io.type(self.file) == 'file' then self.file:close() end
  if os.remove(self.path) then return end
  local emptied = io.open(self.path, 'wb') -- as `files.remove` does
  if emptied then emptied:close() end
end

return wave
