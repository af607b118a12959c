-- Menu: REAPER's own pop-up menu at the mouse pointer.

local menu = {}

local NAME, NO_SIZE, FLOATING = 'ACE Bridge', 0, 0

-- Replaces the characters that have a special meaning in REAPER's menus.
local function plain(text)
  return (text:gsub('[|#!<>\n]', ' '))
end

-- Shows a menu with one entry for each of `texts` and a tick at entry number `current`. Returns the chosen entry's
-- index, or nil if the user closes the menu.
function menu.choose(texts, current)
  local parts = {}
  for i, text in ipairs(texts) do parts[i] = (i == current and '!' or '') .. plain(text) end
  local x, y = reaper.GetMousePosition()
  gfx.init(NAME, NO_SIZE, NO_SIZE, FLOATING, x, y)
  gfx.x, gfx.y = 0, 0
  local chosen = gfx.showmenu(table.concat(parts, '|'))
  gfx.quit()
  return chosen > 0 and chosen or nil
end

return menu
