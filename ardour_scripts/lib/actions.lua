-- Actions: the bridge's entries in Ardour's menu. Most actions write a message and end; the hook processes the answer.
local need = ...
local json, files, ids, link = need ("json"), need ("files"), need ("ids"), need ("link")
local session = need ("session")
local placing, show = need ("placing"), need ("show")

local actions = {}
local MANY = 20 -- maximum number of clips to remix without asking the user, if the catalogue does not have this limit

local function last_path () return link.home () .. "/ardour-last.json" end

local function last_settings ()
  local settings = json.decode (files.read (last_path ()) or "")
  if type (settings) ~= "table" then settings = {} end
  settings.remix = settings.remix or {}
  settings.placement = settings.placement or { mode = "new_track", source = "keep" }
  return settings
end

-- Returns the selected audio regions with their tracks.
local function chosen ()
  local places = session.selected ()
  if #places == 0 then error ({ text = "Select an audio region first." }) end
  return places
end

-- Returns the arguments of a `remix` message for some regions, and saves the data needed to place the results. If
-- `trigger` is "key" or "osc", the daemon treats an unchanged request within 2 s as a repeat.
local function request (settings, places, trigger)
  local known_fades = session.fades (session.rate ())
  local memory, clips = link.memory (), json.list ()
  for index, place in ipairs (places) do
    local id = session.id (place.region) .. "-" .. ids.uuid ():sub (1, 8)
    clips[index] = session.clip (place, id, known_fades)
    if not clips[index].source then
      clips[index].rendered = { path = need ("render").region (place.region, id, session.rate (), memory) }
    end
    memory.clips[id] = session.anchor (place, known_fades, settings.placement, settings.remix.preset)
    memory.order[#memory.order + 1] = id
  end
  link.remember (memory)
  return {
    request_id = ids.uuid (), daw = { name = "ardour", version = need ("selftest").version () },
    project = session.project (places[1].region:position ():samples ()), clips = clips,
    remix = settings.remix, placement = settings.placement, trigger = trigger,
  }
end

-- Returns true if the daemon is running; otherwise offers to start it. Until it runs, messages wait in the inbox.
local function awake (consequence)
  if link.daemon () then return true end
  local lost = link.lost_program ()
  if lost then
    show.problem ("ACE Bridge was moved or removed: " .. lost .. " does not exist. " .. consequence
      .. " Start it once from its new place, and Ardour finds it again.")
    return false
  end
  if show.agrees ("ACE Bridge is not running. " .. consequence .. " Start it now?") then link.start () end
  return false
end

-- Returns the number of clips to remix without asking the user: `confirm_count` under [budget].
local function most ()
  local shown = json.decode (files.read (link.home () .. "/catalogue.json") or "")
  return type (shown) == "table" and shown.confirm and shown.confirm.count or MANY
end

local function ask (settings, trigger)
  local places = chosen ()
  local many = #places > most ()
  if many then
    if not show.agrees ("Submit " .. #places .. " remixes, one per clip?") then return nil end
    trigger = "dialog"
  end
  local args = request (settings, places, trigger)
  if many then args.confirmed = true end
  local id = link.send ("remix", args)
  awake ("Your request is kept until it runs.")
  return id
end

-- "Remix with last settings": intended for a key, a pad or a button, so it opens no window.
function actions.remix () return ask (last_settings (), "key") end

-- "Remix selected clip…": opens the dialog before it sends the request.
function actions.remix_ask ()
  chosen ()
  local settings = need ("dialog").ask (last_settings ())
  if not settings then return nil end
  link.write (last_path (), json.encode (settings))
  return ask (settings, "dialog")
end

-- Answers a control surface's request for the selection. The user may not see the screen, so the function asks nothing
-- and refuses requests that would take long or cost much.
function actions.selection (instance)
  local places = chosen ()
  if #places > most () then
    error ({ text = "More than " .. most () .. " regions are selected. Use the action in Ardour." })
  end
  for _, place in ipairs (places) do
    if not session.source (place.region) then
      error ({ text = "“" .. place.region:name () .. "” must be rendered first. Use the action in Ardour." })
    end
  end
  local settings = last_settings ()
  settings.remix = {} -- the daemon uses the settings of the control surface instead
  return link.send ("selection", request (settings, places, "osc"), instance)
end

local OPEN = {
  new = true, waiting = true, rendering = true, uploading = true, submitting = true, queued = true, running = true,
  fetching = true, fitting = true,
}

local function outbox ()
  local text = link.outbox (link.instance ())
  return json.decode (text or "") or { jobs = {}, place = {} }
end

function actions.cancel ()
  local count = 0
  for _, job in ipairs (outbox ().jobs) do
    if OPEN[job.state] then
      link.send ("cancel", { job_id = job.job_id })
      count = count + 1
    end
  end
  if count == 0 then error ({ text = "This session has no remix in progress." }) end
end

-- Returns the outbox as soon as it offers a result, or after one second in any case.
local function offered ()
  for _ = 1, 20 do
    local now = outbox ()
    if #now.place > 0 then return now end
    ARDOUR.LuaAPI.usleep (50000)
  end
  return outbox ()
end

-- "Place ready remixes": sends `hello`, so that the daemon offers this session's results, and then places them.
function actions.place ()
  if placing.forbidden () then
    error ({ text = "Remixes cannot be placed while Ardour records. They are placed when you stop recording." })
  end
  if not awake ("Ready remixes are placed when it runs.") then return end
  need ("hook").hello ()
  if placing.all (offered (), link.instance ()) == 0 then error ({ text = "This session has no ready remixes." }) end
end

-- Returns the variation id of a result file, read from the recipe next to the file.
local function variation_of (path)
  local text = files.read ((path:gsub ("%.wav$", ".recipe.json")))
  local recipe = json.decode (text or "")
  return type (recipe) == "table" and recipe.variation_id or nil
end

-- "Remove this remix": removes the selected remixes from the timeline and keeps their files.
function actions.remove ()
  local removed = {}
  Session:begin_reversible_command ("Remove ACE Bridge remix")
  for _, place in ipairs (session.selected ()) do
    local file = place.region:source (0):to_filesource ()
    local variation = not file:isnil () and variation_of (file:path ())
    if variation then
      place.playlist:to_stateful ():clear_changes ()
      place.playlist:remove_region (place.region)
      Session:add_stateful_diff_command (place.playlist:to_statefuldestructible ())
      removed[#removed + 1] = variation
    end
  end
  if #removed == 0 then
    Session:abort_reversible_command ()
    error ({ text = "Select a remix first: a region placed by ACE Bridge." })
  end
  Session:commit_reversible_command (nil)
  for _, variation in ipairs (removed) do link.send ("removed", { variation_id = variation }) end
end

function actions.selftest ()
  local text = need ("selftest").report ()
  link.write (link.home () .. "/logs/ardour-selftest.txt", text)
  show.news (text)
end

return actions
