ardour {
  ["type"] = "EditorHook",
  name = "ACE Bridge",
  author = "ace-bridge",
  license = "MIT",
  description = [[Places finished remixes on the timeline.]]
}

function signals ()
  return LuaSignal.Set ():add ({ [LuaSignal.LuaTimerDS] = true })
end

function factory ()
  local folder = ARDOUR.user_config_directory (-1) .. "/ace-bridge"
  local core = loadfile (folder .. "/core.lua")
  local run = core and core (folder).run or function () return false end
  local rest = 0 -- ticks to skip after an error, so that a lasting error is not shown ten times a second
  return function ()
    if rest > 0 then
      rest = rest - 1
    elseif not run ("hook", "tick") then
      rest = 600
    end
  end
end
