-- Self-test: checks at run time whether this Ardour has the Lua bindings that the bridge needs.
local need = ...
local link = need ("link")

local selftest = {}
local PROVEN = "7.3 and 8.12"
local TIMER = 47 -- number of the signal for which the installer registers the hook

-- The bindings, each with its name and a function that returns it. If two more strings follow, such as "#7 Track", the
-- self-test also calls the binding without arguments. The binding then reports either its last or its first argument as
-- missing, depending on the compiler that built Ardour; the two strings are what it reports in the tested version, the
-- last argument first. The other bindings are not called, because they may accept a missing region or track, and
-- clone_region without a region crashes Ardour.
local BINDINGS = {
  { "Editor:do_embed", function () return Editor.do_embed, Editor end, "#7 Track", "#2 StringVector" },
  { "Editor:set_selection", function () return Editor.set_selection, Editor end, "#3 number", "#2 SelectionList" },
  { "Editor:get_selection", function () return Editor.get_selection end },
  { "Session:new_audio_track", function () return Session.new_audio_track, Session end, "#8 number", "#2 number" },
  { "Session:save_state", function () return Session.save_state, Session end, "#2 string", "#2 string" },
  { "Session:begin_reversible_command", function () return Session.begin_reversible_command, Session end,
    "#2 string", "#2 string" },
  { "Session:add_stateful_diff_command", function () return Session.add_stateful_diff_command end },
  { "Session:actively_recording", function () return Session.actively_recording end },
  { "ARDOUR.RegionFactory.regions", function () return ARDOUR.RegionFactory.regions end },
  { "ARDOUR.RegionFactory.clone_region", function () return ARDOUR.RegionFactory.clone_region end },
  { "ARDOUR.LuaOSC.Address", function () return ARDOUR.LuaOSC.Address end },
  { "ARDOUR.DSP.DspShm", function () return ARDOUR.DSP.DspShm end },
  { "Editing.ImportAsRegion", function () return Editing.ImportAsRegion end },
  { "Temporal.TempoMap.read", function () return Temporal.TempoMap.read end },
  { "Temporal.timepos_t.from_ticks", function () return Temporal.timepos_t.from_ticks end },
  { "LuaDialog.Message", function () return LuaDialog.Message end },
}

-- Calls a binding without arguments and returns the argument that it reports as missing, such as "#7 Track".
local function complaint (called, object)
  local ok, why = pcall (called, object)
  local number, kind = tostring (why):match ("bad argument (#%d+) to .-%(([%w_]+) expected")
  return ok and "no complaint" or number and number .. " " .. kind or tostring (why)
end

-- Returns Ardour's version from the session file.
function selftest.version ()
  local text = need ("files").read (Session:path () .. "/" .. Session:snap_name () .. ".ardour") or ""
  return text:match ('modified%-with="[^"]-([%d.]+)[^"]*"') or text:match ('created%-with="[^"]-([%d.]+)[^"]*"') or ""
end

-- Returns the names of bindings that are missing, or whose arguments differ from those in the tested version.
function selftest.missing ()
  local missing = {}
  for _, binding in ipairs (BINDINGS) do
    local name, get, last, first = table.unpack (binding)
    local ok, found, object = pcall (get)
    if not ok or found == nil then
      missing[#missing + 1] = name
    elseif last then
      local said = complaint (found, object)
      if said ~= last and said ~= first then missing[#missing + 1] = name .. " (different arguments)" end
    end
  end
  if LuaSignal.LuaTimerDS ~= TIMER then missing[#missing + 1] = "LuaSignal.LuaTimerDS (different number)" end
  return missing
end

-- When Ardour starts, shows which bindings are missing, if any.
function selftest.at_start ()
  local missing = selftest.missing ()
  if #missing == 0 then return end
  local text = "ACE Bridge may not place remixes in this Ardour (" .. selftest.version () .. "). Missing Lua bindings: "
    .. table.concat (missing, ", ") .. ". ACE Bridge is tested with Ardour " .. PROVEN .. "."
  link.trouble (text)
  need ("show").problem (text)
end

function selftest.report ()
  local lines = { "ACE Bridge self-test", "Ardour " .. selftest.version () .. " (tested with " .. PROVEN .. ")" }
  local missing = selftest.missing ()
  lines[#lines + 1] = #missing == 0 and "all Lua bindings are present" or "missing: " .. table.concat (missing, ", ")
  lines[#lines + 1] = "home: " .. link.home ()
  lines[#lines + 1] = link.daemon () and "the bridge is running" or "the bridge is not running"
  return table.concat (lines, "\n")
end

return selftest
