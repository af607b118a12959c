ardour {
  ["type"] = "EditorAction",
  name = "ACE Bridge: Place ready remixes",
  author = "ace-bridge",
  license = "MIT",
  description = [[Places this session's finished remixes.]]
}

function factory () return function ()
  local folder = ARDOUR.user_config_directory (-1) .. "/ace-bridge"
  local core = loadfile (folder .. "/core.lua")
  if core then
    core (folder).run ("actions", "place")
  else
    LuaDialog.Message ("ACE Bridge", "ACE Bridge's files are missing. Run: ace-bridge install ardour",
      LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK):run ()
  end
end end
