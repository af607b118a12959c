-- Menu file: reads reaper-menu.ini, which contains REAPER's customised menus and toolbars.

local files = require 'files'

local menu_file = {}

function menu_file.path()
  return reaper.GetResourcePath() .. '/reaper-menu.ini'
end

function menu_file.read()
  return files.read(menu_file.path()) or ''
end

-- Returns the sections of a menu file in order, each as {head, body}. Text before the first section gets an empty head.
function menu_file.sections(content)
  local found = { { head = '', body = '' } }
  for line in content:gmatch('[^\n]*\n?') do
    local head = line:match('^(%[.-%])')
    if head then found[#found + 1] = { head = head, body = '' } end
    found[#found].body = found[#found].body .. line
  end
  return found
end

return menu_file
