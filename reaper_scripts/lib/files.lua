-- Files: reads whole files, and writes them atomically.
-- This file must run on plain Lua 5.3 and 5.4 without REAPER's API, because `ace-bridge install ardour` copies it.

local files = {}

local PATIENCE = 0.1 -- seconds; the DAW does not respond while a script waits
local EACCES = 13 -- error number if another program has the file open

local function is_on_windows(path)
  return path:match('^%a:[/\\]') or path:match('^\\\\')
end

-- Calls `call` with a path. On Windows, calls again for up to PATIENCE while another program has the file open.
local function when_free(call, path, ...)
  local done, problem, code = call(path, ...)
  if code ~= EACCES or not is_on_windows(path) then return done, problem end
  local ended = os.clock() + PATIENCE
  while code == EACCES and os.clock() < ended do done, problem, code = call(path, ...) end
  return done, problem
end

-- Returns a file's content, or only its first `limit` bytes if `limit` is given; nil if there is no such file.
function files.read(path, limit)
  local file = when_free(io.open, path, 'rb')
  if not file then return nil end
  local content = file:read(limit or 'a')
  file:close()
  return content
end

function files.exists(path)
  local file = when_free(io.open, path, 'rb')
  if file then file:close() end
  return file ~= nil
end

-- Returns a file's size in bytes; 0 if there is no such file.
function files.size(path)
  local file = when_free(io.open, path, 'rb')
  if not file then return 0 end
  local size = file:seek('end')
  file:close()
  return size or 0
end

function files.is_absolute(path)
  return path:match('^/') ~= nil or is_on_windows(path) ~= nil
end

-- Removes a file. If the system refuses, empties the file, so that it no longer counts: on Windows, os.remove may
-- reject a path with characters outside ASCII.
function files.remove(path)
  if when_free(os.remove, path) or not files.exists(path) then return end
  local file = when_free(io.open, path, 'wb')
  if file then file:close() end
end

local function write_new(path, content)
  local file, problem = when_free(io.open, path, 'wb')
  if not file then return nil, problem end
  local ok
  ok, problem = file:write(content)
  local closed, close_problem = file:close() -- the system may report a full disk only here
  if ok and closed then return true end
  files.remove(path)
  return nil, problem or close_problem
end

local function move(from, to)
  if when_free(os.rename, from, to) then return true end
  when_free(os.remove, to) -- Windows cannot rename a file to the name of an existing file
  return when_free(os.rename, from, to)
end

-- Writes a file atomically: writes a temporary file in the same folder, then renames it. Returns true, or nil and an
-- error message. If the system refuses to rename, writes the file itself: on Windows, os.rename may reject a path with
-- characters outside ASCII. The daemon reads a message again that it finds half-written.
function files.write(path, content)
  local folder, name = path:match('^(.*[/\\])([^/\\]+)$')
  local partial = folder .. '.' .. name .. '.tmp'
  local ok, problem = write_new(partial, content)
  if not ok then return nil, problem end
  if move(partial, path) then return true end
  files.remove(partial)
  return write_new(path, content)
end

return files
