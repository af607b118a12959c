-- Dialog: the window of "Remix selected clip…".
local need = ...
local json, link = need ("json"), need ("link")

local dialog = {}
local LEFT_OPEN = "(none)"

-- Returns a table that maps the title of each preset to its name, as listed by `ace-bridge presets list`.
local function presets ()
  local words = {}
  for index, word in ipairs (link.pointer ().command) do words[index] = word end
  words[#words] = "presets"
  words[#words + 1] = "list"
  words[#words + 1] = "--json"
  local found = { [LEFT_OPEN] = "" }
  local pipe = io.popen (link.command (words) .. " 2>/dev/null")
  if not pipe then return found end
  for line in pipe:lines () do
    local preset = json.decode (line)
    if preset then found[preset.title or preset.name] = preset.name end
  end
  pipe:close ()
  return found
end

local function title_of (styles, name)
  for title, other in pairs (styles) do
    if other == name then return title end
  end
  return LEFT_OPEN
end

-- Opens the dialog, filled in with some settings. Returns the user's choices, or nil if the user closes the window.
function dialog.ask (settings)
  local styles, remix = presets (), settings.remix
  local answer = LuaDialog.Dialog ("ACE Bridge: remix the selected clip", {
    { type = "dropdown", key = "preset", title = "Preset", values = styles, default = title_of (styles, remix.preset) },
    { type = "entry", key = "tags", title = "Tags (replace the preset's)", default = remix.tags or "" },
    { type = "entry", key = "lyrics", title = "Lyrics (empty: instrumental)", default = remix.lyrics or "" },
    { type = "number", key = "variations", title = "Variations", min = 1, max = 8, step = 1, digits = 0,
      default = remix.variations or 1 },
    { type = "dropdown", key = "mode", title = "Place variations", default = "on separate tracks",
      values = { ["on separate tracks"] = "new_track", ["as layers on one track"] = "lane" } },
    { type = "checkbox", key = "mute", title = "Mute the source", default = settings.placement.source == "mute" },
  }):run ()
  if not answer then return nil end
  local function given (text) return text ~= "" and text or nil end
  return {
    remix = {
      preset = given (answer.preset), tags = given (answer.tags), lyrics = given (answer.lyrics),
      variations = math.floor (answer.variations), amount = remix.amount, engine = remix.engine,
    },
    placement = { mode = answer.mode, source = answer.mute and "mute" or "keep" },
  }
end

return dialog
