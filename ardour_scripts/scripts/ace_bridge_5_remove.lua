ardour {
  ["type"] = "EditorAction",
  name = "ACE Bridge: Remove this remix",
  author = "ace-bridge",
  license = "MIT",
  description = [[Takes the selected remix off the timeline; its file is kept.]]
}

function factory () return function ()
  local folder = ARDOUR.user_config_directory (-1) .. "/ace-bridge"
  local core = loadfile (folder .. "/core.lua")
  if core then
    core (folder).run ("actions", "remove")
  else
    LuaDialog.Message ("ACE Bridge", "The bridge's files are gone. Run: ace-bridge install ardour",
      LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK):run ()
  end
end end
