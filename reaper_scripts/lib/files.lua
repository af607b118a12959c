-- Files: whole files, read and written so that nobody ever sees half of one.

local files = {}

files.SEPARATOR = package.config:sub(1, 1)

function files.join(...)
  return table.concat({ ... }, files.SEPARATOR)
end

-- The content, or its first bytes; nil where there is no such file.
function files.read(path, most)
  local file = io.open(path, 'rb')
  if not file then return nil end
  local content = file:read(most or 'a')
  file:close()
  return content
end

function files.exists(path)
  local file = io.open(path, 'rb')
  if file then file:close() end
  return file ~= nil
end

-- Bytes; 0 where there is no such file.
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

local function put(path, content)
  local file, problem = io.open(path, 'wb')
  if not file then return nil, problem end
  local ok
  ok, problem = file:write(content)
  local closed, late = file:close() -- a full disk may show only here
  if ok and closed then return true end
  os.remove(path)
  return nil, problem or late
end

-- Write under another name in the same folder, then rename. Returns true, or nil and why.
function files.write(path, content)
  local folder, name = path:match('^(.*[/\\])([^/\\]+)$')
  local partial = folder .. '.' .. name .. '.tmp'
  local ok, problem = put(partial, content)
  if not ok then return nil, problem end
  ok, problem = os.rename(partial, path)
  if not ok then -- Windows does not rename onto a file that is there
    os.remove(path)
    ok, problem = os.rename(partial, path)
  end
  if ok then return true end
  os.remove(partial)
  return nil, problem
end

function files.make_folder(path)
  reaper.RecursiveCreateDirectory(path, 0)
end

-- The names of the files in a folder; -1 first, since REAPER keeps its last answer.
function files.names(folder)
  local names = {}
  reaper.EnumerateFiles(folder, -1)
  local name = reaper.EnumerateFiles(folder, 0)
  while name do
    names[#names + 1] = name
    name = reaper.EnumerateFiles(folder, #names)
  end
  return names
end

return files
