-- JSON: encodes and decodes the bridge's messages.
-- json.encode({a = 1}) --> '{"a":1}'; json.list({}) becomes [], json.null becomes null.
-- Bytes that are not UTF-8 (as in old paths) become lone surrogates, which the daemon decodes to the same bytes.
-- This file must run on plain Lua 5.3 and 5.4 without REAPER's API, because `ace-bridge install ardour` copies it.

local json = { null = setmetatable({}, { __tostring = function() return 'null' end }) }

local List = {}
local DEEPEST = 200 -- maximum depth of nested lists and objects

function json.list(values)
  return setmetatable(values or {}, List)
end

-- Encoding ------------------------------------------------------------------------------------------------------------

local ESCAPES = {
  ['"'] = '\\"', ['\\'] = '\\\\',
  ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t',
}

local function escape(char)
  return ESCAPES[char] or ('\\u%04x'):format(char:byte())
end

-- Returns the position of the first byte at or after `at` that is not valid UTF-8; nil if there is none.
local function first_invalid(text, at)
  local _, invalid = utf8.len(text, at)
  local surrogate = text:find('\xED[\xA0-\xBF]', at) -- invalid, but utf8.len of Lua 5.3 accepts it
  return invalid and surrogate and math.min(invalid, surrogate) or invalid or surrogate
end

local function quote(text)
  local parts, at = {}, 1
  while at <= #text do
    local broken = first_invalid(text, at)
    parts[#parts + 1] = text:sub(at, broken and broken - 1):gsub('[\0\1-\31"\\\127]', escape)
    if not broken then break end
    parts[#parts + 1] = ('\\udc%02x'):format(text:byte(broken))
    at = broken + 1
  end
  return '"' .. table.concat(parts) .. '"'
end

local function number(value)
  if value ~= value or value == math.huge or value == -math.huge then error('JSON has no number ' .. value) end
  if math.type(value) == 'integer' then return ('%d'):format(value) end
  return (('%.17g'):format(value):gsub(',', '.')) -- in some locales the decimal separator is a comma
end

local write

local function write_list(values, depth)
  local parts = {}
  for i = 1, #values do parts[i] = write(values[i], depth) end
  return '[' .. table.concat(parts, ',') .. ']'
end

local function write_object(values, depth)
  local keys, parts = {}, {}
  for key in pairs(values) do
    if type(key) ~= 'string' then error('a JSON key must be a string, not ' .. tostring(key)) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = quote(key) .. ':' .. write(values[key], depth) end
  return '{' .. table.concat(parts, ',') .. '}'
end

function write(value, depth)
  if depth > DEEPEST then error('the JSON value is nested too deeply') end
  local kind = type(value)
  if value == json.null then return 'null' end
  if kind == 'string' then return quote(value) end
  if kind == 'number' then return number(value) end
  if kind == 'boolean' then return tostring(value) end
  if kind ~= 'table' then error('JSON cannot encode a ' .. kind) end
  if getmetatable(value) == List or #value > 0 then return write_list(value, depth + 1) end
  return write_object(value, depth + 1)
end

function json.encode(value)
  return write(value, 0)
end

-- Decoding ------------------------------------------------------------------------------------------------------------

local LETTERS = { b = '\b', f = '\f', n = '\n', r = '\r', t = '\t', ['"'] = '"', ['\\'] = '\\', ['/'] = '/' }
local WORDS = { ['true'] = true, ['false'] = false, null = json.null }

local function fail(at, what)
  error(('JSON, byte %d: %s'):format(at, what), 0)
end

local function skip(text, at)
  return text:find('[^ \t\r\n]', at) or #text + 1
end

local function hex(text, at)
  local digits = text:match('^%x%x%x%x', at)
  return digits and tonumber(digits, 16) or fail(at, 'expected four hexadecimal digits')
end

local function read_unicode(text, at)
  local code = hex(text, at)
  at = at + 4
  if code >= 0xD800 and code < 0xDC00 and text:match('^\\u[dD][c-fC-F]', at) then
    return utf8.char(0x10000 + ((code - 0xD800) << 10) + hex(text, at + 2) - 0xDC00), at + 6
  end
  if code >= 0xDC80 and code <= 0xDCFF then return string.char(code - 0xDC00), at end
  return utf8.char(code >= 0xD800 and code < 0xE000 and 0xFFFD or code), at
end

local function read_text(text, at)
  local parts = {}
  while true do
    local stop = text:find('[\0-\31"\\]', at) or fail(at, 'unterminated string')
    parts[#parts + 1] = text:sub(at, stop - 1)
    local char = text:sub(stop, stop)
    if char == '"' then return table.concat(parts), stop + 1 end
    if char ~= '\\' then fail(stop, 'control character in a string') end
    local letter = text:sub(stop + 1, stop + 1)
    if letter == 'u' then
      parts[#parts + 1], at = read_unicode(text, stop + 2)
    else
      parts[#parts + 1] = LETTERS[letter] or fail(stop, 'unknown escape')
      at = stop + 2
    end
  end
end

local read

local function read_list(text, at, depth)
  local values = json.list()
  at = skip(text, at)
  if text:sub(at, at) == ']' then return values, at + 1 end
  while true do
    values[#values + 1], at = read(text, at, depth)
    at = skip(text, at)
    local char = text:sub(at, at)
    if char == ']' then return values, at + 1 end
    if char ~= ',' then fail(at, 'expected , or ]') end
    at = at + 1
  end
end

local function read_object(text, at, depth)
  local values = {}
  at = skip(text, at)
  if text:sub(at, at) == '}' then return values, at + 1 end
  while true do
    at = skip(text, at)
    if text:sub(at, at) ~= '"' then fail(at, 'expected a key') end
    local key
    key, at = read_text(text, at + 1)
    at = skip(text, at)
    if text:sub(at, at) ~= ':' then fail(at, 'expected :') end
    values[key], at = read(text, at + 1, depth)
    at = skip(text, at)
    local char = text:sub(at, at)
    if char == '}' then return values, at + 1 end
    if char ~= ',' then fail(at, 'expected , or }') end
    at = at + 1
  end
end

local function read_number(text, at)
  local digits = text:match('^-?%d+', at)
  if not digits or digits:match('^-?0%d') then fail(at, 'expected a value') end
  digits = digits .. (text:match('^%.%d+', at + #digits) or '')
  digits = digits .. (text:match('^[eE][+-]?%d+', at + #digits) or '')
  return math.tointeger(tonumber(digits)) or tonumber(digits), at + #digits
end

function read(text, at, depth)
  if depth > DEEPEST then fail(at, 'nested too deeply') end
  at = skip(text, at)
  local char = text:sub(at, at)
  if char == '"' then return read_text(text, at + 1) end
  if char == '{' then return read_object(text, at + 1, depth + 1) end
  if char == '[' then return read_list(text, at + 1, depth + 1) end
  local word = text:match('^%a+', at)
  if word then
    if WORDS[word] == nil then fail(at, 'unknown word ' .. word) end
    return WORDS[word], at + #word
  end
  return read_number(text, at)
end

-- Returns the decoded value; nil and an error message if the text is not JSON, for example a half-written file.
function json.decode(text)
  local ok, value, at = pcall(read, text, 1, 0)
  if not ok then return nil, value end
  if skip(text, at) <= #text then return nil, 'text after the JSON value' end
  return value
end

-- Returns a value, or nil if the value is null.
function json.maybe(value)
  if value == json.null then return nil end
  return value
end

return json
