-- Show: displays message boxes and asks questions.
local need = ...
local show = {}

local function message (kind, buttons, text)
  local ok, named = pcall (function () return need ("link").with_commands (text) end)
  return LuaDialog.Message ("ACE Bridge", ok and named or text, kind, buttons):run ()
end

function show.problem (text) message (LuaDialog.MessageType.Warning, LuaDialog.ButtonType.OK, text) end

function show.news (text) message (LuaDialog.MessageType.Info, LuaDialog.ButtonType.OK, text) end

function show.agrees (text)
  return message (LuaDialog.MessageType.Question, LuaDialog.ButtonType.Yes_No, text) == LuaDialog.Response.Yes
end

return show
