-- Audio that no file and offset can name (a compound of regions, more than two channels), written to a file of the
-- bridge's own: the region's samples without its own gain and fades, which the remix carries natively.
local need = ...
local link, json = need ("link"), need ("json")

local render = {}
local BLOCK = 8192 -- samples read at once
local PACKED = 96 -- values packed at once: Lua passes no more than about 200
local LONG = 10 -- s of audio above which the wait is shown
local KEPT = 7 * 86400 -- s: as long as a request may wait before it is read

-- Returns the header of a WAV of 32 bit floats.
local function header (channels, rate, samples)
  local data = samples * channels * 4
  return "RIFF" .. string.pack ("<I4", 50 + data) .. "WAVEfmt "
    .. string.pack ("<I4I2I2I4I4I2I2I2", 18, 3, channels, rate, rate * channels * 4, channels * 4, 32, 0)
    .. "fact" .. string.pack ("<I4I4", 4, samples) .. "data" .. string.pack ("<I4", data)
end

-- Returns a block of several channels as interleaved floats.
local function interleaved (sides, count)
  local all, width = {}, #sides
  for side, values in ipairs (sides) do
    for index = 1, count do all[(index - 1) * width + side] = values[index] end
  end
  local parts = {}
  for from = 1, #all, PACKED do
    local upto = math.min (#all, from + PACKED - 1)
    parts[#parts + 1] = string.pack ("<" .. ("f"):rep (upto - from + 1), table.unpack (all, from, upto))
  end
  return table.concat (parts)
end

-- Returns a function that shows how far it is, and whether the person wants it to stop; nothing opens for a short one.
local function shown (samples, rate)
  if samples < LONG * rate then return function () return false end, function () end end
  local window = LuaDialog.ProgressWindow ("ACE Bridge: reading the region", true)
  return function (done) return window:progress (done / samples, "") or window:canceled () end,
    function () window:done () end
end

local function copy (audio, samples, rate, file, stopped)
  local reader, buffer = audio:to_readable (), ARDOUR.DSP.DspShm (BLOCK)
  local channels = audio:n_channels ()
  file:write (header (channels, rate, samples))
  for at = 0, samples - 1, BLOCK do
    local wanted, sides = math.min (BLOCK, samples - at), {}
    for channel = 1, channels do
      local there = reader:read (buffer:to_float (0), at, wanted, channel - 1)
      if there ~= wanted then error ({ text = "Ardour could not read all of the region." }) end
      sides[channel] = buffer:to_float (0):get_table (wanted)
    end
    if not file:write (interleaved (sides, wanted)) then error ({ text = "The disk is full: nothing was sent." }) end
    if stopped (at + wanted) then error ({ text = "Stopped: nothing was sent." }) end
  end
  if not file:close () then error ({ text = "The disk is full: nothing was sent." }) end
end

-- What was written a week ago has been read long since.
local function sweep (memory, now)
  local kept = json.list ()
  for _, one in ipairs (memory.rendered or {}) do
    if now - one.written < KEPT then kept[#kept + 1] = one else os.remove (one.path) end
  end
  memory.rendered = kept
end

-- Writes a region's audio, remembers the file in `memory`, and returns its path.
function render.region (region, id, rate, memory)
  local path = link.home () .. "/rendered/" .. id .. ".wav"
  sweep (memory, os.time ())
  local file, wrong = io.open (path, "wb")
  if not file then error ({ text = "The bridge's folder cannot be written to: " .. tostring (wrong) }) end
  local samples = region:length ():samples ()
  local stopped, close = shown (samples, rate)
  local ok, problem = pcall (copy, region:to_audioregion (), samples, rate, file, stopped)
  close ()
  if not ok then
    pcall (file.close, file)
    os.remove (path)
    error (problem, 0)
  end
  memory.rendered[#memory.rendered + 1] = { path = path, written = os.time () }
  return path
end

return render
