ardour {
  ["type"] = "EditorAction",
  name = "ACE Bridge: Cancel remixes",
  author = "ace-bridge",
  license = "MIT",
  description = [[Stops what is being made for this session.]]
}

function factory () return function ()
  local folder = ARDOUR.user_config_directory (-1) .. "/ace-bridge"
  local core = loadfile (folder .. "/core.lua")
  if core then
    core (folder).run ("actions", "cancel")
  else
    LuaDialog.Message ("ACE Bridge", "The bridge's files are gone. Run: ace-bridge install ardour",
      LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK):run ()
  end
end end
