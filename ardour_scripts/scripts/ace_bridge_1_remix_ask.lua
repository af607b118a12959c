ardour {
  ["type"] = "EditorAction",
  name = "ACE Bridge: Remix selected clip…",
  author = "ace-bridge",
  license = "MIT",
  description = [[Opens a dialog, then remixes the selected region onto a new track.]]
}

function factory () return function ()
  local folder = ARDOUR.user_config_directory (-1) .. "/ace-bridge"
  local core = loadfile (folder .. "/core.lua")
  if core then
    core (folder).run ("actions", "remix_ask")
  else
    LuaDialog.Message ("ACE Bridge", "ACE Bridge's files are missing. Run: ace-bridge install ardour",
      LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK):run ()
  end
end end
