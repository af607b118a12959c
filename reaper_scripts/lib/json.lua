-- JSON: text for the bridge's messages, and back.
-- json.encode({a = 1}) --> '{"a":1}'; json.list({}) is written as [], json.null as null.
-- Bytes that are no UTF-8 (a path on an old disk) are written as half surrogate pairs, which the daemon reads back.

local json = { null = setmetatable({}, { __tostring = function() return 'null' end }) }

local List = {}
local DEEPEST = 200

function json.list(values)
  return setmetatable(values or {}, List)
end

-- Writing -------------------------------------------------------------------------------------------------------------

local ESCAPES = {
  ['"'] = '\\"', ['\\'] = '\\\\',
  ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t',
}

local function escape(char)
  return ESCAPES[char] or ('\\u%04x'):format(char:byte())
end

local function quote(text)
  local parts, at = {}, 1
  while at <= #text do
    local valid, broken = utf8.len(text, at)
    parts[#parts + 1] = text:sub(at, valid and -1 or broken - 1):gsub('[%c"\\\127]', escape)
    if valid then break end
    parts[#parts + 1] = ('\\udc%02x'):format(text:byte(broken))
    at = broken + 1
  end
  return '"' .. table.concat(parts) .. '"'
end

local function number(value)
  if value ~= value or value == math.huge or value == -math.huge then error('JSON has no number for ' .. value) end
  if math.type(value) == 'integer' then return ('%d'):format(value) end
  return (('%.17g'):format(value):gsub(',', '.')) -- some systems' locale has a decimal comma
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
    if type(key) ~= 'string' then error('JSON needs text for keys, not ' .. tostring(key)) end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = quote(key) .. ':' .. write(values[key], depth) end
  return '{' .. table.concat(parts, ',') .. '}'
end

function write(value, depth)
  if depth > DEEPEST then error('too deep for JSON') end
  local kind = type(value)
  if value == json.null then return 'null' end
  if kind == 'string' then return quote(value) end
  if kind == 'number' then return number(value) end
  if kind == 'boolean' then return tostring(value) end
  if kind ~= 'table' then error('JSON has nothing for a ' .. kind) end
  if getmetatable(value) == List or #value > 0 then return write_list(value, depth + 1) end
  return write_object(value, depth + 1)
end

function json.encode(value)
  return write(value, 0)
end

-- Reading -------------------------------------------------------------------------------------------------------------

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
  return digits and tonumber(digits, 16) or fail(at, 'four hexadecimal digits are missing')
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
    local stop = text:find('[%c"\\]', at) or fail(at, 'a text has no end')
    parts[#parts + 1] = text:sub(at, stop - 1)
    local char = text:sub(stop, stop)
    if char == '"' then return table.concat(parts), stop + 1 end
    if char ~= '\\' then fail(stop, 'a control character in a text') end
    local letter = text:sub(stop + 1, stop + 1)
    if letter == 'u' then
      parts[#parts + 1], at = read_unicode(text, stop + 2)
    else
      parts[#parts + 1] = LETTERS[letter] or fail(stop, 'an unknown escape')
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
    if char ~= ',' then fail(at, 'a comma or ] is missing') end
    at = at + 1
  end
end

local function read_object(text, at, depth)
  local values = {}
  at = skip(text, at)
  if text:sub(at, at) == '}' then return values, at + 1 end
  while true do
    at = skip(text, at)
    if text:sub(at, at) ~= '"' then fail(at, 'a key is missing') end
    local key
    key, at = read_text(text, at + 1)
    at = skip(text, at)
    if text:sub(at, at) ~= ':' then fail(at, 'a colon is missing') end
    values[key], at = read(text, at + 1, depth)
    at = skip(text, at)
    local char = text:sub(at, at)
    if char == '}' then return values, at + 1 end
    if char ~= ',' then fail(at, 'a comma or } is missing') end
    at = at + 1
  end
end

local function read_number(text, at)
  local digits = text:match('^-?%d+%.?%d*[eE]?[+-]?%d*', at)
  local value = digits and not digits:match('^-?0%d') and (math.tointeger(tonumber(digits)) or tonumber(digits))
  return value or fail(at, 'no value'), at + #digits
end

function read(text, at, depth)
  if depth > DEEPEST then fail(at, 'too deep') end
  at = skip(text, at)
  local char = text:sub(at, at)
  if char == '"' then return read_text(text, at + 1) end
  if char == '{' then return read_object(text, at + 1, depth + 1) end
  if char == '[' then return read_list(text, at + 1, depth + 1) end
  local word = text:match('^%a+', at)
  if word then
    if WORDS[word] == nil then fail(at, 'the unknown word ' .. word) end
    return WORDS[word], at + #word
  end
  return read_number(text, at)
end

-- The value of a JSON text; nil and why where it is none, such as a file that is still being written.
function json.decode(text)
  local ok, value, at = pcall(read, text, 1, 0)
  if not ok then return nil, value end
  if skip(text, at) <= #text then return nil, 'JSON goes on after its end' end
  return value
end

-- A value that may be null or absent, as Lua has it.
function json.maybe(value)
  if value == json.null then return nil end
  return value
end

return json
