-- What this Ardour can do of what the bridge needs, probed at run time: the bindings differ between versions.
local need = ...
local link = need ("link")

local selftest = {}
local PROVEN = "7.3"

local BINDINGS = {
  { "Editor:do_embed", function () return Editor.do_embed end },
  { "Editor:get_selection", function () return Editor.get_selection end },
  { "Session:new_audio_track", function () return Session.new_audio_track end },
  { "Session:save_state", function () return Session.save_state end },
  { "Session:add_stateful_diff_command", function () return Session.add_stateful_diff_command end },
  { "Session:actively_recording", function () return Session.actively_recording end },
  { "ARDOUR.RegionFactory.regions", function () return ARDOUR.RegionFactory.regions end },
  { "ARDOUR.RegionFactory.clone_region", function () return ARDOUR.RegionFactory.clone_region end },
  { "ARDOUR.LuaOSC.Address", function () return ARDOUR.LuaOSC.Address end },
  { "Editing.ImportAsRegion", function () return Editing.ImportAsRegion end },
  { "Temporal.TempoMap.read", function () return Temporal.TempoMap.read end },
  { "Temporal.timepos_t.from_ticks", function () return Temporal.timepos_t.from_ticks end },
  { "LuaDialog.Message", function () return LuaDialog.Message end },
}

-- Returns Ardour's version as the session file names it.
function selftest.version ()
  local text = need ("files").read (Session:path () .. "/" .. Session:snap_name () .. ".ardour") or ""
  return text:match ('modified%-with="[^"]-([%d.]+)[^"]*"') or text:match ('created%-with="[^"]-([%d.]+)[^"]*"') or ""
end

-- Returns the names of what is missing here.
function selftest.missing ()
  local missing = {}
  for _, binding in ipairs (BINDINGS) do
    local ok, found = pcall (binding[2])
    if not ok or found == nil then missing[#missing + 1] = binding[1] end
  end
  return missing
end

function selftest.report ()
  local lines = { "ACE Bridge self-test", "Ardour " .. selftest.version () .. " (proven with " .. PROVEN .. ")" }
  local missing = selftest.missing ()
  lines[#lines + 1] = #missing == 0 and "all bindings are there" or "missing: " .. table.concat (missing, ", ")
  lines[#lines + 1] = "home: " .. link.home ()
  lines[#lines + 1] = link.daemon () and "the bridge runs" or "the bridge does not run"
  return table.concat (lines, "\n")
end

return selftest
