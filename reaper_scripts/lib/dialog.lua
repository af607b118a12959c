-- Dialog: REAPER's own menu, input box and questions, which need no extension.

local error_guard = require 'error_guard'
local estimate = require 'estimate'
local home = require 'home'
local menu = require 'menu'
local settings = require 'settings'

local dialog = {}

local TITLE = 'ACE Bridge: remix'
local OK_CANCEL, OK = 1, 1
local YES_NO_CANCEL, YES, CANCEL = 3, 6, 2
local OPTIONS = ',extrawidth=260,separator=\n' -- line breaks separate the values, because tags contain commas
local FIELDS = { -- no caption may contain a comma, because REAPER separates the captions with commas
  { 'tags', 'Tags (style keywords)' },
  { 'lyrics', 'Lyrics ([verse] … and | for a new line)' },
  { 'amount', 'Amount (0 = subtle … 1 = free)' },
  { 'seed', 'Seed (empty: random)' },
  { 'variations', 'Variations (1 to 16)' },
  { 'engine', 'Engine (empty: automatic)' },
  { 'mode', 'Place as new_track / take / lane' },
  { 'mute', 'Mute the source (y or n)' },
}

local function clean(text)
  return (tostring(text):gsub('\n', '|'))
end

-- Asks for a preset. Returns its name, '' for no preset, or nil if the user closes the menu.
local function choose_preset(current)
  local names, texts, ticked = { '' }, { 'No preset' }, 1
  for _, preset in ipairs(home.catalogue().presets) do
    names[#names + 1], texts[#texts + 1] = preset.name, preset.title or preset.name
    if preset.name == current then ticked = #names end
  end
  local chosen = menu.choose(texts, ticked)
  return chosen and names[chosen]
end

local function show(values, title)
  local captions, texts = {}, {}
  for i, field in ipairs(FIELDS) do captions[i], texts[i] = field[2], clean(values[field[1]] or '') end
  local asked = table.concat(captions, ',') .. OPTIONS
  local ok, answer = reaper.GetUserInputs(title, #FIELDS, asked, table.concat(texts, '\n'))
  if not ok then return nil end
  local found, i = { preset = values.preset }, 0
  for text in (answer .. '\n'):gmatch('(.-)\n') do
    i = i + 1
    if FIELDS[i] then found[FIELDS[i][1]] = text end
  end
  return found
end

-- Returns the user's choices for some ranges, or nil if the user closes the dialog. If the input is invalid, the dialog
-- opens again with the same input.
function dialog.choices(found)
  local last = settings.last()
  local values = { mode = last.placement.mode, mute = last.placement.source == 'mute' and 'y' or 'n' }
  for key, value in pairs(last.remix) do values[key] = value end
  values.preset = choose_preset(values.preset)
  local title = ('%s %s'):format(TITLE, estimate.text(estimate.seconds(found, {}, 1), values.engine))
  while values.preset do
    values = show(values, title)
    if not values then return nil end
    local choices, problem = settings.read(values)
    if choices then
      settings.remember(choices)
      return choices
    end
    error_guard.show(problem)
  end
end

function dialog.confirm(text)
  return reaper.MB(text, TITLE, OK_CANCEL) == OK
end

-- Asks a question. Returns true for Yes, false for No, nil for Cancel.
function dialog.yes_no(text)
  local answer = reaper.MB(text, TITLE, YES_NO_CANCEL)
  if answer == CANCEL then return nil end
  return answer == YES
end

-- Asks for one line of text. Returns nil if the user closes the dialog.
function dialog.line(caption, value)
  local ok, answer = reaper.GetUserInputs(TITLE, 1, caption .. OPTIONS, clean(value or ''))
  return ok and answer or nil
end

return dialog
