ardour {
  ["type"] = "EditorAction",
  name = "ACE Bridge: Remove this remix",
  author = "ace-bridge",
  license = "MIT",
  description = [[Removes the selected remix from the timeline and keeps its file.]]
}

function factory () return function ()
  local folder = ARDOUR.user_config_directory (-1) .. "/ace-bridge"
  local core = loadfile (folder .. "/core.lua")
  if core then
    core (folder).run ("actions", "remove")
  else
    LuaDialog.Message ("ACE Bridge", "ACE Bridge's files are missing. Run: ace-bridge install ardour",
      LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK):run ()
  end
end end
