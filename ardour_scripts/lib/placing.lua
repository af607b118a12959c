-- Placing: places a result on a new track below its source, accurate to the sample and in one undo step.
local need = ...
local json, session, fades, gain, link = need ("json"), need ("session"), need ("fades"), need ("gain"), need ("link")

local placing = {}

function placing.forbidden ()
  return Session:actively_recording () and "recording" or nil
end

-- Embeds a file in the session without copying it. Returns the region that covers the whole file.
local function embedded (path)
  local function whole ()
    for _, region in ARDOUR.RegionFactory.regions ():iter () do
      local file = region:source (0):to_filesource ()
      if region:whole_file () and not file:isnil () and file:path () == path then return region end
    end
  end
  local known = whole ()
  if known then return known end
  local files = C.StringVector ()
  files:push_back (path)
  Editor:do_embed (files, Editing.ImportDistinctFiles, Editing.ImportAsRegion, Temporal.timepos_t (0),
    ARDOUR.PluginInfo (), ARDOUR.Track ())
  return whole () or error ({ text = "Ardour cannot embed the file " .. path })
end

-- Returns the remix's position in samples, the source region's place (nil if the region is gone), and a note for the
-- user. The anchor is a time in the source file, so the remix follows a region that was moved, trimmed at its start or
-- slipped. If the remix cannot follow the region, it is placed at the original position.
local function position_now (anchor)
  local place = session.find (anchor.region)
  if not place then
    return anchor.position, nil, "placed at the original position: the source was deleted, split or stretched"
  end
  if session.tempo (anchor.position, anchor.length) ~= anchor.tempo then
    return anchor.position, place, "placed at the original position: the tempo has changed"
  end
  local region = place.region
  local at = region:position ():samples () + anchor.start - region:start ():samples ()
  if at < 0 then
    return anchor.position, place, "placed at the original position: the clip now starts before the session"
  end
  return at, place, nil
end

local function route_by_id (id)
  if not id then return nil end
  for route in Session:get_tracks ():iter () do
    if session.id (route) == id then return route end
  end
end

local function new_track (name, channels, under, source, comment)
  local order = under and under:presentation_info_ptr ():order () + 1 or ARDOUR.PresentationInfo.max_order
  local made = Session:new_audio_track (channels, 2, nil, 1, name, order, ARDOUR.TrackMode.Normal, true, false)
  if made:empty () then error ({ text = "Ardour cannot create a new track." }) end
  local route = made:front ()
  if source then route:presentation_info_ptr ():set_color (source:presentation_info_ptr ():color ()) end
  route:set_comment (comment, nil)
  return route
end

-- Returns a new region that shows only the clip's part of the file. The user can extend the region into the handles.
local function cut (whole, variation, anchor)
  local result = variation.result
  local lead = math.floor (result.source_offset * result.sample_rate + 0.5)
  local region = ARDOUR.RegionFactory.clone_region (whole, true, false)
  local base = region:position ():samples ()
  region:trim_end (Temporal.timepos_t (base + lead + result.samples))
  region:trim_front (Temporal.timepos_t (base + lead))
  region:set_name (anchor.name .. " " .. (anchor.style or "remix"))
  local audio = region:to_audioregion ()
  gain.apply (audio, anchor.scale, anchor.curve)
  if anchor.fades then fades.apply (audio, anchor.fades) end
  return region
end

-- Returns the track of the nearest earlier variation that still has a track.
local function track_before (anchor, index)
  for before = index - 1, 0, -1 do
    local route = route_by_id (anchor.tracks[tostring (before)])
    if route then return route end
  end
end

-- Returns the track that all layered variations share, or nil if there is no such track yet.
local function shared_track (anchor)
  for _, id in pairs (anchor.tracks) do
    local route = route_by_id (id)
    if route then return route end
  end
end

-- Returns the number of channels of a new track. A mono remix of a region on a mono track gets a mono track, because
-- Ardour's panner plays a mono track 3 dB lower than the same region on a stereo track.
local function channels_for (region, source)
  local is_mono = region:to_audioregion ():n_channels () == 1 and source and source:n_inputs ():n_audio () == 1
  return is_mono and 1 or 2
end

-- Returns the track for a remix, below the source's track. The tracks follow the order of the variations, even if a
-- later variation is ready first.
local function track_for (whole, anchor, variation, place, note)
  local layered = anchor.placement.mode == "lane"
  local shared = layered and shared_track (anchor)
  if shared then return shared end
  local source = place and place.route or route_by_id (anchor.track)
  local under = not layered and track_before (anchor, variation.index) or source
  local name = anchor.name .. " · " .. (anchor.style or "remix")
  if variation.index > 0 and not layered then name = name .. " " .. variation.index + 1 end
  local about = "ACE Bridge remix, seed " .. math.tointeger (variation.seed) .. (note and ("; " .. note) or "")
  return new_track (name, channels_for (whole, source), under, source, about)
end

local function put (region, route, at, place, anchor, variation)
  local playlist = route:to_track ():playlist ()
  local mute = place and anchor.placement.source == "mute" and not place.region:muted ()
  local layered = anchor.placement.mode == "lane" and variation.index > 0
  Session:begin_reversible_command ("ACE Bridge remix")
  playlist:to_stateful ():clear_changes ()
  if layered then region:set_muted (true) end
  playlist:add_region (region, Temporal.timepos_t (at), 1, false, 0, 0, false)
  Session:add_stateful_diff_command (playlist:to_statefuldestructible ())
  if mute then
    place.region:to_stateful ():clear_changes ()
    place.region:set_muted (true)
    Session:add_stateful_diff_command (place.region:to_statefuldestructible ())
  end
  Session:commit_reversible_command (nil)
end

local function place_new (variation, anchor)
  local result = variation.result
  if session.rate () ~= result.sample_rate then
    error ({ text = "its sample rate is " .. result.sample_rate .. " Hz, the session's " .. session.rate () .. " Hz" })
  end
  local at, place, note = position_now (anchor)
  local whole = embedded (result.path)
  local route = track_for (whole, anchor, variation, place, note)
  put (cut (whole, variation, anchor), route, at, place, anchor, variation)
  local placed = session.playing (result.path)
  if not placed or placed.region:position ():samples () ~= at then
    error ({ text = "Ardour did not place the region." })
  end
  anchor.tracks[tostring (variation.index)] = session.id (route)
  return placed, note
end

-- Places a variation and confirms this to the daemon. A variation that is already placed is only confirmed.
function placing.place (variation, instance)
  local memory = link.memory ()
  local anchor = memory.clips[variation.clip_id]
  local ok, wrong = pcall (function ()
    local there = session.playing (variation.result.path)
    if there then
      link.send ("placed", { variation_id = variation.variation_id, item = session.id (there.region) }, instance)
      return
    end
    if not anchor then error ({ text = "this session has no record of its source clip" }) end
    local placed, note = place_new (variation, anchor)
    link.remember (memory)
    link.send ("placed", {
      variation_id = variation.variation_id, item = session.id (placed.region), text = note or "",
    }, instance)
  end)
  if ok then return true end
  local text = type (wrong) == "table" and wrong.text or tostring (wrong)
  link.send ("place_failed", { variation_id = variation.variation_id, text = text }, instance)
  return false
end

-- Saves which regions are selected, because adding a track changes the selection. Returns a function that selects the
-- same regions again. The track selection is not restored, because selecting a list of tracks can make Ardour 7.3 hang.
local function selection_kept ()
  local regions = {}
  for region in Editor:get_selection ().regions:regionlist ():iter () do regions[#regions + 1] = region end
  return function ()
    local list, count = ArdourUI.SelectionList (), 0
    for _, region in ipairs (regions) do
      local view = Editor:regionview_from_region (region)
      if view then list:push_back (view) count = count + 1 end
    end
    if count > 0 then Editor:set_selection (list, ArdourUI.SelectionOp.Set) end
  end
end

-- Places all results offered to this instance. Returns the number placed, and the reason if placing is not possible.
function placing.all (outbox, instance)
  local hindered = placing.forbidden ()
  if hindered then return 0, hindered end
  if #outbox.place == 0 then return 0, nil end
  local wanted, count, select_again = {}, 0, selection_kept ()
  for _, id in ipairs (outbox.place) do wanted[id] = true end
  for _, job in ipairs (outbox.jobs) do
    for _, variation in ipairs (job.variations) do
      if wanted[variation.variation_id] and variation.result ~= json.null then
        if placing.place (variation, instance) then count = count + 1 end
      end
    end
  end
  select_again ()
  return count, nil
end

return placing
