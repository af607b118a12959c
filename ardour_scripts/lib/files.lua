-- Files that are whole or not there, and names for things.
local files = {}

function files.read (path)
  local file = io.open (path, "rb")
  if not file then return nil end
  local text = file:read ("a")
  file:close ()
  return text
end

-- Writes aside and renames, so that nobody reads half of it.
function files.write (path, text)
  local folder, name = path:match ("^(.*)[/\\]([^/\\]+)$")
  local aside = folder .. "/." .. name .. ".tmp"
  local file, wrong = io.open (aside, "wb")
  if not file then error ({ text = "The bridge's folder cannot be written to: " .. tostring (wrong) }) end
  local written, why = file:write (text)
  file:close ()
  if not written then
    os.remove (aside)
    error ({ text = "The bridge's folder cannot be written to: " .. tostring (why) })
  end
  os.remove (path .. ".old")
  assert (os.rename (aside, path))
end

local seeded = false

function files.uuid ()
  if not seeded then
    local place = tonumber (tostring ({}):match ("0x(%x+)") or "1", 16)
    math.randomseed ((os.time () * 1000003 + ARDOUR.LuaAPI.monotonic_time () + place) & 0x7FFFFFFF)
    seeded = true
  end
  return (("xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx"):gsub ("[xy]", function (mark)
    local digit = math.random (0, 15)
    return string.format ("%x", mark == "x" and digit or (digit & 3) | 8)
  end))
end

-- Returns a short name for a text of any length: FNV-1a, 64 bits.
function files.hash (text)
  local value = 0xcbf29ce484222325
  for index = 1, #text do value = (value ~ text:byte (index)) * 0x100000001b3 end
  return string.format ("%016x", value)
end

return files
