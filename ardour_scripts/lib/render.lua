-- Render: writes a region's audio to a file if the audio cannot be described as a file and an offset, for example if
-- the region is a compound or has more than two channels. The region's own gain and fades are not written to the file,
-- but are applied to the remix.
local need = ...
local link, json, wave = need ("link"), need ("json"), need ("wave")

local render = {}
local BLOCK = 8192 -- samples per read
local LONG = 10 -- seconds of audio above which a progress window opens
local KEPT = 7 * 86400 -- seconds for which a rendered file is kept, in case its request has to wait

-- Interleaves the first `count` samples of several channels.
local function interleaved (sides, count)
  local all, width = {}, #sides
  for side, values in ipairs (sides) do
    for index = 1, count do all[(index - 1) * width + side] = values[index] end
  end
  return all
end

-- Opens a progress window, unless the region is short. Returns two functions: the first shows the progress and returns
-- whether the user has cancelled; the second closes the window.
local function shown (samples, rate)
  if samples < LONG * rate then return function () return false end, function () end end
  local window = LuaDialog.ProgressWindow ("ACE Bridge: rendering the region", true)
  return function (done) return window:progress (done / samples, "") or window:canceled () end,
    function () window:done () end
end

local function copy (audio, samples, file, stopped)
  local reader, buffer = audio:to_readable (), ARDOUR.DSP.DspShm (BLOCK)
  local channels = audio:n_channels ()
  for at = 0, samples - 1, BLOCK do
    local wanted, sides = math.min (BLOCK, samples - at), {}
    for channel = 1, channels do
      local there = reader:read (buffer:to_float (0), at, wanted, channel - 1)
      if there ~= wanted then error ({ text = "Ardour could not read the whole region." }) end
      sides[channel] = buffer:to_float (0):get_table (wanted)
    end
    if not file:append (interleaved (sides, wanted), wanted * channels) then
      error ({ text = "The disk is full. Nothing was sent." })
    end
    if stopped (at + wanted) then error ({ text = "Cancelled. Nothing was sent." }) end
  end
  if not file:close () then error ({ text = "The disk is full. Nothing was sent." }) end
end

-- Removes rendered files that are older than a week.
local function sweep (memory, now)
  local kept = json.list ()
  for _, one in ipairs (memory.rendered or {}) do
    if now - one.written < KEPT then kept[#kept + 1] = one else os.remove (one.path) end
  end
  memory.rendered = kept
end

-- Writes a region's audio to a file, adds the file to `memory`, and returns its path.
function render.region (region, id, rate, memory)
  local path = link.home () .. "/rendered/" .. id .. ".wav"
  sweep (memory, os.time ())
  local audio, samples = region:to_audioregion (), region:length ():samples ()
  local file, wrong = wave.create (path, rate, audio:n_channels (), samples)
  if not file then error ({ text = "Cannot write to the bridge's folder: " .. tostring (wrong) }) end
  local stopped, close = shown (samples, rate)
  local ok, problem = pcall (copy, audio, samples, file, stopped)
  close ()
  if not ok then
    file:discard ()
    error (problem, 0)
  end
  memory.rendered[#memory.rendered + 1] = { path = path, written = os.time () }
  return path
end

return render
