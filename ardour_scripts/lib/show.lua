-- Show: displays message boxes and asks questions.
local show = {}

local function message (kind, buttons, text)
  return LuaDialog.Message ("ACE Bridge", text, kind, buttons):run ()
end

function show.problem (text) message (LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK, text) end

function show.news (text) message (LuaDialog.MessageType.Info, LuaDialog.ButtonType.OK, text) end

function show.agrees (text)
  return message (LuaDialog.MessageType.Question, LuaDialog.ButtonType.Yes_No, text) == LuaDialog.Response.Yes
end

return show
