ardour {
  ["type"] = "EditorAction",
  name = "ACE Bridge: Remix selected clip…",
  author = "ace-bridge",
  license = "MIT",
  description = [[Asks for a style, then makes a remix of the selected region on a new track.]]
}

function factory () return function ()
  local folder = ARDOUR.user_config_directory (-1) .. "/ace-bridge"
  local core = loadfile (folder .. "/core.lua")
  if core then
    core (folder).run ("actions", "remix_ask")
  else
    LuaDialog.Message ("ACE Bridge", "The bridge's files are gone. Run: ace-bridge install ardour",
      LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK):run ()
  end
end end
