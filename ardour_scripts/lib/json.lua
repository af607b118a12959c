-- JSON, as far as the bridge's messages need it. Empty tables are objects; `json.list` marks a list, `json.null` null.
local json = { null = setmetatable ({}, { __tostring = function () return "null" end }) }
local LIST = {}

function json.list (values) return setmetatable (values or {}, LIST) end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function text (value)
  return '"' .. value:gsub ('[%c"\\\127]', function (c)
    return ESCAPES[c] or string.format ("\\u%04x", c:byte ())
  end) .. '"'
end

local function number (value)
  if value ~= value or value == math.huge or value == -math.huge then error ("no number for JSON") end
  if math.type (value) == "integer" then return string.format ("%d", value) end
  return (string.format ("%.17g", value):gsub (",", "."))  -- Ardour may have set a locale with a decimal comma
end

local encode

local function container (value)
  local parts = {}
  if getmetatable (value) == LIST then
    for index = 1, #value do parts[index] = encode (value[index]) end
    return "[" .. table.concat (parts, ",") .. "]"
  end
  for key, item in pairs (value) do parts[#parts + 1] = text (tostring (key)) .. ":" .. encode (item) end
  table.sort (parts)
  return "{" .. table.concat (parts, ",") .. "}"
end

encode = function (value)
  local kind = type (value)
  if value == json.null or value == nil then return "null" end
  if kind == "string" then return text (value) end
  if kind == "number" then return number (value) end
  if kind == "boolean" then return tostring (value) end
  if kind == "table" then return container (value) end
  error ("JSON has no " .. kind)
end

json.encode = encode

local NAMES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function character (code, low)
  if low then code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00) end
  return utf8.char (code)
end

local function unescape (value)
  value = value:gsub ("\\u([dD][89aAbB]%x%x)\\u([dD][c-fC-F]%x%x)", function (high, low)
    return character (tonumber (high, 16), tonumber (low, 16))
  end)
  return (value:gsub ("\\(u?)(.)(%x?%x?%x?)", function (u, first, rest)
    if u == "u" then return character (tonumber (first .. rest, 16)) end
    return (NAMES[first] or first) .. rest
  end))
end

local value_at

local function string_at (source, at)
  local last = at
  repeat
    last = source:find ('["\\]', last + 1)
    if not last then error ("JSON: text without end") end
    local escaped = source:sub (last, last) == "\\"
    if escaped then last = last + 1 end
  until not escaped
  local raw = source:sub (at + 1, last - 1)
  return raw:find ("\\", 1, true) and unescape (raw) or raw, last + 1
end

local function skip (source, at) return source:find ("[^ \n\r\t]", at) or #source + 1 end

local function list_at (source, at)
  local found = json.list ()
  at = skip (source, at + 1)
  if source:sub (at, at) == "]" then return found, at + 1 end
  while true do
    found[#found + 1], at = value_at (source, at)
    at = skip (source, at)
    local mark = source:sub (at, at)
    at = skip (source, at + 1)
    if mark == "]" then return found, at end
    if mark ~= "," then error ("JSON: a list is broken") end
  end
end

local function object_at (source, at)
  local found = {}
  at = skip (source, at + 1)
  if source:sub (at, at) == "}" then return found, at + 1 end
  while true do
    local key
    key, at = string_at (source, skip (source, at))
    at = skip (source, at)
    if source:sub (at, at) ~= ":" then error ("JSON: an object is broken") end
    found[key], at = value_at (source, skip (source, at + 1))
    at = skip (source, at)
    local mark = source:sub (at, at)
    at = skip (source, at + 1)
    if mark == "}" then return found, at end
    if mark ~= "," then error ("JSON: an object is broken") end
  end
end

local WORDS = { ["true"] = true, ["false"] = false, ["null"] = json.null }

value_at = function (source, at)
  at = skip (source, at)
  local first = source:sub (at, at)
  if first == "{" then return object_at (source, at) end
  if first == "[" then return list_at (source, at) end
  if first == '"' then return string_at (source, at) end
  local word = source:match ("^%a+", at)
  if word then
    if WORDS[word] == nil then error ("JSON: " .. word) end
    return WORDS[word], at + #word
  end
  local digits = source:match ("^%-?[%d.eE+-]+", at)
  if not digits or not tonumber (digits) then error ("JSON: no value at " .. at) end
  return tonumber (digits), at + #digits
end

-- Returns the value of a JSON text; raises an error when it is none.
function json.decode (source)
  local value, at = value_at (source, 1)
  if skip (source, at) <= #source then error ("JSON: something follows the end") end
  return value
end

return json
