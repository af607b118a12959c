-- Dialog: REAPER's own menu, input box and questions, which need no extension.

local error_guard = require 'error_guard'
local estimate = require 'estimate'
local home = require 'home'
local input_box = require 'input_box'
local menu = require 'menu'
local notice = require 'notice'
local objects = require 'objects'
local settings = require 'settings'
local track_sound = require 'track_sound'

local dialog = {}

local TITLE = 'ACE Bridge: remix'
local OK_CANCEL, OK = 1, 1
local YES_NO_CANCEL, YES, CANCEL = 3, 6, 2
local FIELDS = { -- each {name, caption}
  { 'tags', 'Tags (style keywords)' },
  { 'lyrics', 'Lyrics ([verse] … and | for a new line)' },
  { 'amount', 'Amount (0 = subtle … 1 = free)' },
  { 'seed', 'Seed (empty: random)' },
  { 'variations', 'Variations (1 to 16)' },
  { 'engine', 'Engine (empty: automatic)' },
  { 'mode', 'Place as new_track / take / lane' },
  { 'mute', 'Mute the source (y or n)' },
  { 'sound', 'Sound of item / track (with its effects)' },
}

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
  for i, field in ipairs(FIELDS) do captions[i], texts[i] = field[2], values[field[1]] or '' end
  local answers = input_box.ask(title, captions, texts)
  if not answers then return nil end
  local found = { preset = values.preset }
  for i, field in ipairs(FIELDS) do found[field[1]] = answers[i] end
  return found
end

-- Returns the user's choices for some ranges, or nil if the user closes the dialog. If the input is invalid, the dialog
-- opens again with the same input.
function dialog.choices(found)
  local last = settings.last()
  local values = { mode = last.placement.mode, mute = last.placement.source == 'mute' and 'y' or 'n' }
  values.sound = track_sound.common(objects.current(), found)
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

-- Asks the user to confirm. While a project plays, asks in a menu instead of a box.
function dialog.confirm(text)
  if notice.must_be_quiet() then return menu.ask(text, { 'OK' }) == 1 end
  return reaper.MB(text, TITLE, OK_CANCEL) == OK
end

-- Asks a question. Returns true for Yes, false for No, nil for Cancel. While a project plays, asks in a menu.
function dialog.yes_no(text)
  if notice.must_be_quiet() then
    local chosen = menu.ask(text, { 'Yes', 'No' })
    return chosen and chosen == 1
  end
  local answer = reaper.MB(text, TITLE, YES_NO_CANCEL)
  if answer == CANCEL then return nil end
  return answer == YES
end

-- Asks for one line of text. Returns nil if the user closes the dialog.
function dialog.line(caption, value)
  local answers = input_box.ask(TITLE, { caption }, { value })
  return answers and answers[1]
end

return dialog
