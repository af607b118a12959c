-- Session: describes the session and its regions in the fields of the bridge's messages.
local need = ...
local json, fades, gain, ids = need ("json"), need ("fades"), need ("gain"), need ("ids")

local session = {}
local TICKS = 1920 -- per quarter note
local AROUND = 1.0 -- seconds of tempo grid to send before and after a clip; handles are never longer

function session.rate () return math.tointeger (math.floor (Session:nominal_sample_rate ())) end

function session.audio_folder ()
  return Session:path () .. "/interchange/" .. Session:name () .. "/audiofiles"
end

-- Calls `visit (region, route, playlist)` for each region on an audio track until `visit` returns a value.
function session.each_region (visit)
  for route in Session:get_tracks ():iter () do
    local track = route:to_track ()
    if not track:isnil () and not track:to_audio_track ():isnil () then
      local playlist = track:playlist ()
      for region in playlist:region_list ():iter () do
        local found = visit (region, route, playlist)
        if found ~= nil then return found end
      end
    end
  end
end

function session.id (thing) return thing:to_stateful ():id ():to_s () end

function session.find (id)
  return session.each_region (function (region, route, playlist)
    if session.id (region) == id then return { region = region, route = route, playlist = playlist } end
  end)
end

-- Returns the first region on an audio track that plays the file, together with the region's track and playlist.
function session.playing (path)
  return session.each_region (function (region, route, playlist)
    local file = region:source (0):to_filesource ()
    if not file:isnil () and file:path () == path then
      return { region = region, route = route, playlist = playlist }
    end
  end)
end

-- Returns the selected audio regions with their tracks, in time order.
function session.selected ()
  local found = {}
  for region in Editor:get_selection ().regions:regionlist ():iter () do
    if not region:to_audioregion ():isnil () then
      local place = session.find (session.id (region))
      if place then found[#found + 1] = place end
    end
  end
  table.sort (found, function (a, b) return a.region:position ():samples () < b.region:position ():samples () end)
  return found
end

-- Returns the region's source as a file and an offset; nil if the region's audio cannot be described that way.
function session.source (region)
  local channels, sides = region:to_audioregion ():n_channels (), {}
  if region:is_compound () or channels > 2 then return nil end
  for index = 0, channels - 1 do
    local file = region:source (index):to_filesource ()
    if file:isnil () or file:gain () ~= 1 then return nil end
    sides[#sides + 1] = { path = file:path (), channel = file:channel () }
  end
  local left, right = sides[1], sides[2]
  local source = { path = left.path, offset = region:start ():samples () / session.rate () }
  if not right then
    -- A mono region may play one channel of a stereo file. If it plays channel 0, the file may also be mono.
    if left.channel > 1 then return nil end
    if left.channel == 1 then source.channels = "right" end
  elseif right.path ~= left.path then
    if left.channel ~= 0 or right.channel ~= 0 then return nil end
    source.path_right = right.path -- Ardour records each channel to its own file
  elseif left.channel ~= 0 or right.channel ~= 1 then
    return nil
  end
  return source
end

local function quarter_ticks (map, time)
  local quarters, ticks = tostring (map:quarters_at (time)):match ("^(-?%d+):(%d+)")
  return math.tointeger (quarters) * TICKS + math.tointeger (ticks)
end

local function on_beat (map, ticks)
  local bbt = map:bbt_at (Temporal.timepos_t.from_ticks (ticks))
  return bbt.ticks == 0
end

local function beat_length (map, ticks)
  return TICKS * 4 // map:meter_at (Temporal.timepos_t.from_ticks (ticks)):note_value ()
end

-- Returns the position of the last beat at or before a time, in ticks (TICKS per quarter note); nil if there is none.
local function beat_before (map, time)
  local at, bbt = quarter_ticks (map, time), map:bbt_at (time)
  local length = TICKS * 4 // map:meter_at (time):note_value ()
  for _, inside in ipairs ({ bbt.ticks, bbt.ticks * length // TICKS }) do
    for nearby = at - inside - 1, at - inside + 1 do
      if nearby >= 0 and on_beat (map, nearby) then return nearby end
    end
  end
  return nil
end

-- Returns the beats from one second before a span to one second after it. The span is given in samples. The beats are
-- times in seconds from the span's start, followed by the 0-based indices of the downbeats.
function session.grid (position, length)
  local map, rate = Temporal.TempoMap.read (), session.rate ()
  local from = math.max (0, position - math.floor (AROUND * rate))
  local upto = position + length + math.floor (AROUND * rate)
  local at = beat_before (map, Temporal.timepos_t (from))
  if not at then return nil end
  local beats, downbeats = json.list (), json.list ()
  while #beats < 20000 do
    local time = Temporal.timepos_t.from_ticks (at)
    if time:samples () > upto then break end
    if map:bbt_at (time).beats == 1 then downbeats[#downbeats + 1] = #beats end
    beats[#beats + 1] = (time:samples () - position) / rate
    at = at + beat_length (map, at)
  end
  return { beats = beats, downbeats = downbeats }
end

function session.project (at)
  local map = Temporal.TempoMap.read ()
  local time = Temporal.timepos_t (at)
  local meter = map:meter_at (time)
  return {
    name = Session:name (), path = Session:path (), media_path = session.audio_folder (), sample_rate = session.rate (),
    tempo = map:quarters_per_minute_at (time),
    time_signature = json.list ({
      math.tointeger (math.floor (meter:divisions_per_bar ())), math.tointeger (math.floor (meter:note_value ())),
    }),
  }
end

-- Returns the region's gain and fades as fields of a clip's source. If the fades are unknown, adds them to `ignored`.
local function treatment (region, known_fades, ignored)
  local scale, rate = region:to_audioregion ():scale_amplitude (), session.rate ()
  -- Like the gain, inverted polarity is not baked in: the remix gets the region's gain including its sign.
  local treated = { gain_db = scale ~= 0 and 20 * math.log (math.abs (scale), 10) or -150, polarity = false }
  local fade = known_fades[session.id (region)]
  if fade then
    treated.fade_in, treated.fade_out = fade.in_length / rate, fade.out_length / rate
    treated.fade_in_shape, treated.fade_out_shape = fade.in_shape, fade.out_shape
  else
    ignored[#ignored + 1] = "the region's fades"
  end
  return treated
end

-- Returns the request's description of a region. `place` is {region, route, playlist}. The description has no `source`
-- if the region must be rendered.
function session.clip (place, id, known_fades)
  local region, route, rate = place.region, place.route, session.rate ()
  local position, length = region:position ():samples (), region:length ():samples ()
  local source, ignored = session.source (region), json.list ()
  for key, value in pairs (treatment (region, known_fades, ignored)) do
    if source then source[key] = value end
  end
  local info, map = route:presentation_info_ptr (), Temporal.TempoMap.read ()
  local from = quarter_ticks (map, region:position ())
  local upto = quarter_ticks (map, Temporal.timepos_t (position + length))
  return {
    id = id, name = region:name (),
    track = { id = session.id (route), name = route:name (), index = info:order (), color = info:color () },
    position = position / rate, length = length / rate,
    position_beats = from / TICKS, length_beats = (upto - from) / TICKS,
    position_samples = position, length_samples = length,
    grid = session.grid (position, length), source = source, ignored = ignored,
  }
end

-- Returns a hash of the tempo grid in a span given in samples. If the tempo in the span changes, so does the hash.
function session.tempo (position, length)
  local grid = session.grid (position, length)
  return grid and ids.hash (json.encode (grid.beats)) or ""
end

-- Returns the data needed to place a remix of this region later, even if the region has changed by then.
function session.anchor (place, known_fades, placement, style)
  local region, id = place.region, session.id (place.region)
  local audio = region:to_audioregion ()
  local position, length = region:position ():samples (), region:length ():samples ()
  return {
    region = id, name = region:name (), position = position, start = region:start ():samples (), length = length,
    tempo = session.tempo (position, length), scale = audio:scale_amplitude (), curve = gain.curve (audio),
    fades = known_fades[id], track = session.id (place.route), placement = placement, style = style, tracks = {},
  }
end

session.fades = fades.read

return session
