-- The tests' own hook inside Ardour: runs the Lua code that a test writes to a file, and writes the result to a file.
-- The hook does not depend on the bridge's scripts, on OSC or on the keyboard.
local folder = FOLDER
local last = ""

local function read (path)
  local file = io.open (path, "rb")
  if not file then return nil end
  local text = file:read ("a")
  file:close ()
  return text
end

local function answer (number, ok, text)
  local file = assert (io.open (folder .. "/answer.tmp", "wb"))
  file:write (number, "\n", ok and "ok" or "error", "\n", tostring (text))
  file:close ()
  os.rename (folder .. "/answer.tmp", folder .. "/answer")
end

return function ()
  local text = read (folder .. "/ask")
  if not text or text == last then return end
  last = text
  local number, code = text:match ("^(%d+)\n(.*)$")
  local chunk, wrong = load (code, "=test")
  if not chunk then answer (number, false, wrong) return end
  answer (number, pcall (chunk))
end
