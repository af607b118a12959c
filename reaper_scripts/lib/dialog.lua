-- Dialog: REAPER's own input box, which needs no extension, and questions.

local home = require 'home'
local trap = require 'trap'
local wishes = require 'wishes'

local dialog = {}

local TITLE = 'ACE Bridge: remix'
local OK_CANCEL, OK = 1, 1
local YES_NO_CANCEL, YES, CANCEL = 3, 6, 2
local OPTIONS = ',extrawidth=260,separator=\n' -- the values are separated by line breaks: a comma may stand in tags
local FIELDS = { -- captions without commas, which separate them
  { 'preset', 'Preset (empty: none)' },
  { 'tags', 'Tags: the style in words' },
  { 'lyrics', 'Lyrics ([verse] … and | for a new line)' },
  { 'amount', 'Amount (0 close … 1 free)' },
  { 'seed', 'Seed (empty: by chance)' },
  { 'variations', 'Variations (1 to 16)' },
  { 'engine', 'Engine (empty: automatic)' },
  { 'mode', 'Place as new_track / take / lane' },
  { 'mute', 'Mute the source (y or n)' },
}

local function clean(text)
  return (tostring(text):gsub('\n', '|'))
end

local function show(values)
  local captions, texts = {}, {}
  for i, field in ipairs(FIELDS) do captions[i], texts[i] = field[2], clean(values[field[1]] or '') end
  local asked = table.concat(captions, ',') .. OPTIONS
  local ok, answer = reaper.GetUserInputs(TITLE, #FIELDS, asked, table.concat(texts, '\n'))
  if not ok then return nil end
  local found, i = {}, 0
  for text in (answer .. '\n'):gmatch('(.-)\n') do
    i = i + 1
    if FIELDS[i] then found[FIELDS[i][1]] = text end
  end
  return found
end

-- The user's wish, or nil when the dialog was closed. What was typed is there again after a mistake.
function dialog.wish()
  local last = wishes.last()
  local values = { mode = last.placement.mode, mute = last.placement.source == 'mute' and 'y' or 'n' }
  for key, value in pairs(last.remix) do values[key] = value end
  while true do
    values = show(values)
    if not values then return nil end
    local wish, problem = wishes.read(values)
    if wish then
      wishes.remember(wish)
      return wish
    end
    trap.tell(problem)
  end
end

function dialog.confirm(text)
  return reaper.MB(text, TITLE, OK_CANCEL) == OK
end

-- True or false; nil when the user wants neither.
function dialog.choose(text)
  local answer = reaper.MB(text, TITLE, YES_NO_CANCEL)
  if answer == CANCEL then return nil end
  return answer == YES
end

-- Ask for one line of text; nil when the dialog was closed.
function dialog.line(caption, value)
  local ok, answer = reaper.GetUserInputs(TITLE, 1, caption .. OPTIONS, clean(value or ''))
  return ok and answer or nil
end

-- What some clips cost, in a sentence; the daemon says the exact price with its first answer.
function dialog.price(seconds)
  local price = home.catalogue().price
  if not price.per_second then return ('%.1f s of audio'):format(seconds) end
  return ('%.1f s of audio, up to %s %.3f'):format(seconds, price.currency, seconds * price.per_second)
end

return dialog
