-- Input box: REAPER's box with one line per value. REAPER ignores the separators after an open quote or parenthesis, so
-- the box shows typographic quotes and complete parentheses, and the values are read back with the plain ones.

local input_box = {}

local OPTIONS = ',extrawidth=260,separator=\n' -- line breaks separate the values, because tags contain commas
local OPEN, CLOSED = '（', '）' -- full-width parentheses, which have no special meaning
local SHOWN = { ["'"] = '’', ['"'] = '”', ['\n'] = '|' }
local READ = { { '’', "'" }, { '”', '"' }, { OPEN, '(' }, { CLOSED, ')' } }

-- Returns a text with full-width instead of unmatched parentheses.
local function with_pairs(text)
  local unmatched, open = {}, {}
  for at, char in text:gmatch('()([()])') do
    if char == '(' then
      open[#open + 1] = at
    elseif #open > 0 then
      open[#open] = nil
    else
      unmatched[at] = CLOSED
    end
  end
  for _, at in ipairs(open) do unmatched[at] = OPEN end
  return (text:gsub('()([()])', function(at) return unmatched[at] end))
end

local function shown(value)
  return with_pairs((tostring(value):gsub('[\'"\n]', SHOWN)))
end

-- Returns the value of a line: the value before, if the user has not changed what was shown for it.
local function read(line, before)
  if line == shown(before) then return tostring(before) end
  for _, pair in ipairs(READ) do line = line:gsub(pair[1], pair[2]) end
  return line
end

-- Shows a box with a caption and a value per line. Returns the values, or nil if the user closes the box. A caption may
-- contain no comma, because REAPER separates the captions with commas.
function input_box.ask(title, captions, values)
  local texts = {}
  for i in ipairs(captions) do texts[i] = shown(values[i] or '') end
  local asked = table.concat(captions, ',') .. OPTIONS
  local ok, answer = reaper.GetUserInputs(title, #captions, asked, table.concat(texts, '\n'))
  if not ok then return nil end
  local found = {}
  for line in (answer .. '\n'):gmatch('(.-)\n') do
    local i = #found + 1
    if captions[i] then found[i] = read(line, values[i] or '') end
  end
  return found
end

return input_box
