ardour {
  ["type"] = "EditorAction",
  name = "ACE Bridge: Remix with last settings",
  author = "ace-bridge",
  license = "MIT",
  description = [[Remixes the selected region with the last settings, without a dialog: for a key, a pad or a button.]]
}

function factory () return function ()
  local folder = ARDOUR.user_config_directory (-1) .. "/ace-bridge"
  local core = loadfile (folder .. "/core.lua")
  if core then
    core (folder).run ("actions", "remix")
  else
    LuaDialog.Message ("ACE Bridge", "ACE Bridge's files are missing. Run: ace-bridge install ardour",
      LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK):run ()
  end
end end
