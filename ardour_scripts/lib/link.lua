-- Link: the connection to the daemon. The pointer file contains the path of the bridge's folder. Messages are files in
-- that folder's inbox, an OSC message notifies the daemon of them, and this instance's outbox file has the answers.
local need, folder = ...
local json, files, ids = need ("json"), need ("files"), need ("ids")

local link = {}
local KEPT = 200 -- maximum number of clips remembered per session

function link.pointer ()
  local text = files.read (folder .. "/ace-bridge.json")
  if not text then
    error ({ text = "ACE Bridge is not installed for this Ardour. Run `ace-bridge install ardour` in a terminal." })
  end
  return assert (json.decode (text))
end

-- Replaces each command `ace-bridge …` in a text by one that runs this copy of the bridge from any folder.
function link.with_commands (text)
  local ok, pointer = pcall (link.pointer)
  local terminal = ok and pointer.terminal
  if type (terminal) ~= "string" then return text end
  return (text:gsub ("`ace%-bridge([^`]*)`", function (words) return "`" .. terminal .. words .. "`" end))
end

-- Returns the path of the program that starts the daemon if it no longer exists.
function link.lost_program ()
  local program = link.pointer ().command[1]
  if files.is_absolute (program) and not files.exists (program) then return program end
  return nil
end

function link.home () return link.pointer ().home end

-- Returns daemon.json as text and as a table; nil if no daemon is running. A crash is detected only on Linux.
function link.daemon ()
  local text = files.read (link.home () .. "/daemon.json")
  local about = json.decode (text or "")
  if not about then return nil end
  if files.read ("/proc/self/stat") and not files.read ("/proc/" .. about.pid .. "/stat") then return nil end
  return text, about
end

-- Writes a file. If this fails, raises an error with a message for the user.
function link.write (path, text)
  local ok, problem = files.write (path, text)
  if not ok then error ({ text = "Cannot write to the bridge's folder: " .. tostring (problem) }) end
end

function link.project () return Session:path () end

local function memory_path ()
  return link.home () .. "/ardour-" .. ids.hash (link.project ()) .. ".json"
end

-- Returns the data saved for this session: its instance id, and the clips whose remixes were requested.
function link.memory ()
  local memory = json.decode (files.read (memory_path ()) or "")
  if type (memory) ~= "table" then memory = {} end
  memory.project = link.project ()
  memory.clips = memory.clips or {}
  memory.order = json.list (memory.order)
  return memory
end

function link.remember (memory)
  while #memory.order > KEPT do
    memory.clips[memory.order[1]] = nil
    table.remove (memory.order, 1)
  end
  link.write (memory_path (), json.encode (memory))
end

-- Returns this session's instance id, or a new id if `fresh`. The hook requests a new id whenever a session is opened.
function link.instance (fresh)
  local memory = link.memory ()
  if fresh or not memory.instance then
    memory.instance = ids.uuid ()
    link.remember (memory)
  end
  return memory.instance
end

function link.send (command, args, instance)
  local id = ids.uuid ()
  local message = {
    protocol = 1, message_id = id, command = command, instance = instance or link.instance (), args = args,
  }
  link.write (link.home () .. "/inbox/" .. id .. ".json", json.encode (message))
  pcall (function ()
    local _, about = link.daemon ()
    if about then
      ARDOUR.LuaOSC.Address ("osc.udp://127.0.0.1:" .. math.tointeger (about.osc_port)):send ("/bridge/inbox", "s", id)
    end
  end)
  return id
end

function link.taken (message_id)
  return files.read (link.home () .. "/inbox/" .. message_id .. ".json") == nil
end

function link.outbox (instance)
  return files.read (link.home () .. "/outbox/" .. instance .. ".json")
end

function link.trouble (text) pcall (link.send, "trouble", { text = text }) end

local function quoted (word) return "'" .. word:gsub ("'", "'\\''") .. "'" end

function link.command (words)
  local parts = {}
  for index, word in ipairs (words) do parts[index] = quoted (word) end
  return table.concat (parts, " ")
end

-- Starts the daemon, without waiting until it runs.
function link.start ()
  os.execute (link.command (link.pointer ().command) .. " >/dev/null 2>&1 </dev/null &")
end

return link
