-- Hook: Ardour's Lua timer calls `tick` ten times a second, and every third tick checks this session's outbox. A check
-- reads one small file, and parses the file only if it has changed.
local need = ...
local json, link, placing, show = need ("json"), need ("link"), need ("placing"), need ("show")
local session = need ("session")

local hook = { count = 0, busy = false, probed = false, asked = {}, shown = {} }
local EVERY = 3 -- ticks between checks of the outbox
local GREETING = 10 -- ticks between checks for a new daemon

function hook.hello (instance)
  link.send ("hello", {
    daw = { name = "ardour", version = need ("selftest").version () }, project = session.project (0),
  }, instance)
end

-- Gives each newly opened session its own instance id, and sends `bye` for the previous session's instance.
local function opened (project)
  if hook.instance then pcall (link.send, "bye", {}, hook.instance) end
  hook.project, hook.instance = project, link.instance (true)
  hook.daemon, hook.last, hook.waits = nil, nil, false
end

-- Sends `hello` once to each newly started daemon.
local function greet ()
  local daemon = link.daemon ()
  if daemon and daemon ~= hook.daemon then hook.hello (hook.instance) end
  hook.daemon = daemon
end

local function once (key, text)
  if hook.shown[key] then return end
  hook.shown[key] = true
  show.problem (text)
end

-- Shows each error of this instance's requests once.
local function tell (outbox)
  for _, refused in ipairs (outbox.errors or {}) do
    once (refused.message_id, refused.text .. "\n\n" .. (refused.hint or ""))
  end
  for _, job in ipairs (outbox.jobs) do
    for _, variation in ipairs (job.variations) do
      if variation.state == "failed" and variation.error ~= json.null then
        once (variation.variation_id, variation.error.text .. "\n\n" .. (variation.error.hint or ""))
      end
    end
  end
end

-- Answers a control surface's request for the selection. Errors open no window here: if the daemon gets no answer
-- within a second, it reports the failure to the surface.
local function answer (ask)
  if type (ask) ~= "table" or ask.command ~= "selection" or hook.asked[ask.id] then return end
  hook.asked[ask.id] = true
  local ok, wrong = pcall (need ("actions").selection, hook.instance)
  if not ok then link.trouble ("selection: " .. (type (wrong) == "table" and wrong.text or tostring (wrong))) end
end

local function look ()
  local text = link.outbox (hook.instance)
  if not text or (text == hook.last and not hook.waits) then return end
  hook.last = text
  local outbox = json.decode (text)
  if not outbox then return end -- half-written, if the file system has no atomic rename
  local _, hindered = placing.all (outbox, hook.instance)
  hook.waits = hindered ~= nil and #outbox.place > 0
  answer (outbox.ask)
  if not hindered then tell (outbox) end
end

-- Does the work of one tick. If Ardour redraws during a tick, it may call `tick` again; this nested call does nothing.
function hook.tick ()
  if hook.busy or not Session then return end
  hook.busy = true
  local ok, wrong = pcall (function ()
    hook.count = hook.count + 1
    local project = Session:path ()
    if project ~= hook.project then opened (project) end
    if hook.count % GREETING == 1 then greet () end
    if not hook.probed then
      hook.probed = true
      need ("selftest").at_start ()
    end
    if hook.count % EVERY == 0 then look () end
  end)
  hook.busy = false
  if not ok then error (wrong, 0) end
end

return hook
