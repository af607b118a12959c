-- IDs: makes random unique IDs, and derives short IDs from text.
local ids = {}
local seeded = false

function ids.uuid ()
  if not seeded then
    local address = tonumber (tostring ({}):match ("0x(%x+)") or "1", 16)
    math.randomseed ((os.time () * 1000003 + ARDOUR.LuaAPI.monotonic_time () + address) & 0x7FFFFFFF)
    seeded = true
  end
  return (("xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx"):gsub ("[xy]", function (mark)
    local digit = math.random (0, 15)
    return string.format ("%x", mark == "x" and digit or (digit & 3) | 8)
  end))
end

-- Returns the 64-bit FNV-1a hash of a string as hexadecimal digits.
function ids.hash (text)
  local value = 0xcbf29ce484222325
  for index = 1, #text do value = (value ~ text:byte (index)) * 0x100000001b3 end
  return string.format ("%016x", value)
end

return ids
