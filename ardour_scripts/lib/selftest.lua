-- What this Ardour can do of what the bridge needs, probed at run time: the bindings differ between versions.
local need = ...
local link = need ("link")

local selftest = {}
local PROVEN = "7.3"

-- name, how to get at it, and for some functions: what a call with nothing but its object complains about in the proven
-- version. Bindings check their arguments before they do anything, and which one they check first depends on the
-- compiler, so the last and the first argument are named. Only functions that refuse such a call are called: a missing
-- region or track may count as none, and clone_region without one ends Ardour.
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

-- Returns what a binding says when it is called with too little, as "#7 Track".
local function complaint (called, object)
  local ok, why = pcall (called, object)
  local number, kind = tostring (why):match ("bad argument (#%d+) to .-%(([%w_]+) expected")
  return ok and "no complaint" or number and number .. " " .. kind or tostring (why)
end

-- Returns Ardour's version as the session file names it.
function selftest.version ()
  local text = need ("files").read (Session:path () .. "/" .. Session:snap_name () .. ".ardour") or ""
  return text:match ('modified%-with="[^"]-([%d.]+)[^"]*"') or text:match ('created%-with="[^"]-([%d.]+)[^"]*"') or ""
end

-- Returns the names of what is missing here, or takes other arguments than in the proven version.
function selftest.missing ()
  local missing = {}
  for _, binding in ipairs (BINDINGS) do
    local name, get, last, first = table.unpack (binding)
    local ok, found, object = pcall (get)
    if not ok or found == nil then
      missing[#missing + 1] = name
    elseif last then
      local said = complaint (found, object)
      if said ~= last and said ~= first then missing[#missing + 1] = name .. " (it takes other arguments)" end
    end
  end
  return missing
end

-- Says at the start of Ardour what is missing, if anything is.
function selftest.at_start ()
  local missing = selftest.missing ()
  if #missing == 0 then return end
  local text = "This Ardour (" .. selftest.version () .. ") lacks what the bridge needs: "
    .. table.concat (missing, ", ") .. ". The bridge is proven with Ardour " .. PROVEN
    .. "; with this one, remixes may not come onto the timeline."
  link.trouble (text)
  need ("show").problem (text)
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
