-- Files: reads whole files, and writes them atomically.
-- This file must run on plain Lua 5.3 and 5.4 without REAPER's API, because `ace-bridge install ardour` copies it.

local files = {}

-- Returns a file's content, or only its first `limit` bytes if `limit` is given; nil if there is no such file.
function files.read(path, limit)
  local file = io.open(path, 'rb')
  if not file then return nil end
  local content = file:read(limit or 'a')
  file:close()
  return content
end

function files.exists(path)
  local file = io.open(path, 'rb')
  if file then file:close() end
  return file ~= nil
end

-- Returns a file's size in bytes; 0 if there is no such file.
function files.size(path)
  local file = io.open(path, 'rb')
  if not file then return 0 end
  local size = file:seek('end')
  file:close()
  return size or 0
end

function files.is_absolute(path)
  return path:match('^/') ~= nil or path:match('^%a:[/\\]') ~= nil or path:match('^\\\\') ~= nil
end

local function write_new(path, content)
  local file, problem = io.open(path, 'wb')
  if not file then return nil, problem end
  local ok
  ok, problem = file:write(content)
  local closed, close_problem = file:close() -- the system may report a full disk only here
  if ok and closed then return true end
  os.remove(path)
  return nil, problem or close_problem
end

-- Writes a file atomically: writes a temporary file in the same folder, then renames it. Returns true, or nil and an
-- error message.
function files.write(path, content)
  local folder, name = path:match('^(.*[/\\])([^/\\]+)$')
  local partial = folder .. '.' .. name .. '.tmp'
  local ok, problem = write_new(partial, content)
  if not ok then return nil, problem end
  ok, problem = os.rename(partial, path)
  if not ok then -- Windows cannot rename a file to the name of an existing file
    os.remove(path)
    ok, problem = os.rename(partial, path)
  end
  if ok then return true end
  os.remove(partial)
  return nil, problem
end

return files
