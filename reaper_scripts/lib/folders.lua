-- Folders: builds paths, and creates and lists folders through REAPER.

local folders = { SEPARATOR = package.config:sub(1, 1) }

function folders.join(...)
  return table.concat({ ... }, folders.SEPARATOR)
end

function folders.make(path)
  reaper.RecursiveCreateDirectory(path, 0)
end

-- Returns the names of the files in a folder.
function folders.names(folder)
  local names = {}
  reaper.EnumerateFiles(folder, -1) -- clears REAPER's cached listing
  local name = reaper.EnumerateFiles(folder, 0)
  while name do
    names[#names + 1] = name
    name = reaper.EnumerateFiles(folder, #names)
  end
  return names
end

return folders
