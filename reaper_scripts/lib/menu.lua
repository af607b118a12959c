-- Menu: REAPER's own pop-up menu at the mouse pointer.

local menu = {}

local NAME, NO_SIZE, FLOATING = 'ACE Bridge', 0, 0

-- Replaces the characters that have a special meaning in REAPER's menus.
local function plain(text)
  return (text:gsub('[|#!<>\n]', ' '))
end

-- Shows a menu at the mouse pointer. Returns the chosen entry's number, or nil if the user closes the menu.
local function show(entries)
  local x, y = reaper.GetMousePosition()
  gfx.init(NAME, NO_SIZE, NO_SIZE, FLOATING, x, y)
  gfx.x, gfx.y = 0, 0
  local chosen = gfx.showmenu(table.concat(entries, '|'))
  gfx.quit()
  return chosen > 0 and chosen or nil
end

-- Shows a menu with one entry for each of `texts` and a tick at entry number `current`. Returns the chosen entry's
-- index, or nil if the user closes the menu.
function menu.choose(texts, current)
  local entries = {}
  for i, text in ipairs(texts) do entries[i] = (i == current and '!' or '') .. plain(text) end
  return show(entries)
end

-- Shows a question, whose lines are grey entries, above its `answers`. Returns the number of the chosen answer, or nil
-- if the user closes the menu.
function menu.ask(question, answers)
  local entries = {}
  for line in question:gmatch('[^\n]+') do entries[#entries + 1] = '#' .. plain(line) end
  local lines = #entries
  for _, answer in ipairs(answers) do entries[#entries + 1] = plain(answer) end
  local chosen = show(entries)
  return chosen and chosen > lines and chosen - lines or nil
end

return menu
