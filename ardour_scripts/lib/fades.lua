-- Fades: reads the fades of all regions, and applies fades to a remix. In Ardour 7.3 and 8.12 scripts can set fades but
-- not read them, so this module lets Ardour save a snapshot, reads it and removes it. The session file does not change.
local need = ...
local files = need ("files")

local fades = {}
local NAME = "ace-bridge-look"
local SUPERCLOCK = 282240000 -- ticks per second of Ardour's time unit
local DEFAULT = 64 -- length of Ardour's shortest fade in samples; it avoids clicks

-- The fade shapes, each with the level half-way through a fade-in, as measured in Ardour 7.3
-- (docs/decisions/0006-ardour.md).
local SHAPES = {
  { "FadeLinear", 0.5 }, { "FadeFast", 0.0316 }, { "FadeSlow", 0.0972 }, { "FadeConstantPower", 0.707 },
  { "FadeSymmetric", 0.6 },
}

local function level_at (points, time)
  for index = 2, #points do
    local a, b = points[index - 1], points[index]
    if b[1] >= time then return a[2] + (b[2] - a[2]) * (time - a[1]) / math.max (1, b[1] - a[1]) end
  end
  return points[#points][2]
end

local function shape (points)
  local middle = level_at (points, points[#points][1] / 2)
  local best, distance = "FadeLinear", math.huge
  for _, known in ipairs (SHAPES) do
    if math.abs (known[2] - middle) < distance then best, distance = known[1], math.abs (known[2] - middle) end
  end
  return best
end

-- Returns a fade's length in samples and its shape, read from the element `tag` of a region in the session file.
local function fade (region, tag, rate)
  local block = region:match ("<" .. tag .. "[ >].-</" .. tag .. ">")
  local points = {}
  for time, level in (block and block:match ("<events>(.-)</events>") or ""):gmatch ("a(%d+) (%S+)") do
    points[#points + 1] = { tonumber (time), tonumber (level) }
  end
  if #points < 2 then return DEFAULT, "FadeLinear" end
  return math.floor (points[#points][1] * rate / SUPERCLOCK + 0.5), shape (points)
end

function fades.parse (text, rate)
  local found = {}
  for head, body in (text:match ("<Playlists>(.-)</Playlists>") or ""):gmatch ("<Region ([^>]-[^/])>(.-)</Region>") do
    local id = (" " .. head):match (' id="(%d+)"')
    local in_length, in_shape = fade (body, "FadeIn", rate)
    local out_length, out_shape = fade (body, "FadeOut", rate)
    found[id] = {
      in_length = in_length, in_shape = in_shape, out_length = out_length, out_shape = out_shape,
      in_active = head:find ('fade-in-active="1"', 1, true) ~= nil,
      out_active = head:find ('fade-out-active="1"', 1, true) ~= nil,
    }
  end
  return found
end

-- Returns a table of all regions' fades by region id. The table is empty if Ardour wrote no snapshot.
function fades.read (rate)
  local path = Session:path () .. "/" .. NAME .. ".pending"
  Session:save_state (NAME, true, false, false, false, false)
  local text = files.read (path)
  os.remove (path)
  return text and fades.parse (text, rate) or {}
end

-- Gives an audio region the fades that were read from another region.
function fades.apply (audio, fade)
  audio:set_fade_in_shape (ARDOUR.FadeShape[fade.in_shape])
  audio:set_fade_in_length (fade.in_length)
  audio:set_fade_in_active (fade.in_active)
  audio:set_fade_out_shape (ARDOUR.FadeShape[fade.out_shape])
  audio:set_fade_out_length (fade.out_length)
  audio:set_fade_out_active (fade.out_active)
end

return fades
