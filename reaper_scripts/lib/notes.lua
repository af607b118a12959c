-- Notes: the data needed to place a request's results, saved on disk because REAPER may quit before the results are
-- ready.
-- A note: {message_id, project, placement, redo, clips = {[clip_id] = anchor}, rendered = {paths}, ended, placed,
-- first}. `first` is the first request of a chain of re-runs.

local files = require 'files'
local folders = require 'folders'
local home = require 'home'
local json = require 'json'

local notes = {}

local SUFFIX = '.json'

local function path_of(message_id)
  return folders.join(home.own_folder('requests'), message_id .. SUFFIX)
end

function notes.save(note)
  return files.write(path_of(note.message_id), json.encode(note))
end

function notes.load(message_id)
  return json.decode(files.read(path_of(message_id)) or '')
end

-- Returns true if none of a request's results will be placed any more.
function notes.is_over(message_id)
  local note = notes.load(message_id)
  return note == nil or note.ended == true
end

-- Returns true if a request has ended without placing all its results.
function notes.has_failed(message_id)
  local note = notes.load(message_id)
  return note == nil or note.ended == true and note.placed ~= true
end

-- Deletes a request's note, and the audio files written for the request.
function notes.remove(note)
  for _, path in ipairs(note.rendered or {}) do files.remove(path) end
  files.remove(path_of(note.message_id))
end

-- Returns the message ids of all requests that have a note.
function notes.open()
  local ids = {}
  for _, name in ipairs(folders.names(home.own_folder('requests'))) do
    ids[#ids + 1] = name:match('^([%x-]+)%.json$')
  end
  return ids
end

return notes
