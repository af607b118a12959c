-- Outgoing: sends requests. If REAPER must first write the audio of clips, this takes a few milliseconds per tick.

local anchor = require 'anchor'
local edit_guard = require 'edit_guard'
local error_guard = require 'error_guard'
local files = require 'files'
local folders = require 'folders'
local home = require 'home'
local mail = require 'mail'
local notes = require 'notes'
local notice = require 'notice'
local objects = require 'objects'
local placeholder = require 'placeholder'
local reader = require 'reader'
local render = require 'render'
local state = require 'state'
local undelivered = require 'undelivered'

local outgoing = {}

local BUDGET = 0.010 -- seconds per tick for reading; the last block may exceed this, but the tick stays below 20 ms

local RENDERED = { render = true, stem = true } -- routes of take_audio.lua for which REAPER renders

local queue = {} -- requests as returned by request.of
local reading -- {reader, work, path}

function outgoing.add(made)
  queue[#queue + 1] = made
end

function outgoing.busy()
  return #queue > 0
end

local function path_for(made, work)
  return home.own_folder('rendered'), made.message_id .. '-' .. work.clip
end

local function hand_over(made, work, path, lead, tail)
  for _, clip in ipairs(made.args.clips) do
    if clip.id == work.clip then clip.rendered = { path = path, handles = { lead or 0, tail or 0 } } end
  end
  made.note.rendered[#made.note.rendered + 1] = path
  table.remove(made.work, 1)
end

-- Sends a request. The request's note is saved first, so that every result has a note.
function outgoing.send(made)
  made.note.created = os.time()
  local ok, problem = notes.save(made.note)
  if not ok then error_guard.refuse('Cannot write the request: ' .. problem .. '\n\nNothing was sent.') end
  ok, problem = mail.send('remix', made.args, made.message_id)
  if not ok then
    notes.remove(made.note)
    error_guard.refuse(problem .. '\n\nNothing was sent.')
  end
  local _, clip = next(made.note.clips)
  local project = anchor.project_of(made.note.project, clip)
  if project then placeholder.put(project, made.note) end
end

-- Returns true if REAPER cannot render an item of a project now, and shows the reason in the status bar. REAPER renders
-- the project in front.
local function must_wait(project)
  local why = edit_guard.obstacle(project)
  if not why and objects.current() ~= project then why = 'waiting until its project tab is active' end
  notice.status(why and 'an item must be rendered, ' .. why)
  return why ~= nil
end

local function begin(made, work)
  local clip = made.note.clips[work.clip]
  local project = anchor.project_of(made.note.project, clip)
  local item = project and objects.find_item(project, work.item)
  if not item then
    error_guard.refuse('The item was deleted before it was read. Nothing was sent or charged.')
  end
  local folder, name = path_for(made, work)
  if RENDERED[work.route] then
    if must_wait(project) then return end
    local task = { item = item, from = work.from, length = work.length, stem = work.route == 'stem' }
    hand_over(made, work, render.item(project, task, folder, name))
    return
  end
  local path = folders.join(folder, name .. '.wav')
  reading = { reader = reader.start(project, item, work.from, work.length, path), work = work, path = path }
end

local function advance(made)
  local work = made.work[1]
  if not work then
    table.remove(queue, 1)
    outgoing.send(made)
    undelivered.watch(made.message_id)
  elseif not reading then
    begin(made, work)
  elseif reading.reader:step(BUDGET) then
    local done = reading
    reading = nil
    done.reader:finish()
    hand_over(made, work, done.path)
  end
end

local function drop(made)
  if reading then reading.reader:discard() end
  reading = nil
  for _, path in ipairs(made.note.rendered) do files.remove(path) end
  if queue[1] == made then table.remove(queue, 1) end
end

function outgoing.step()
  local made = queue[1]
  if not made then return end
  local ok, problem = pcall(advance, made)
  if ok then return end
  drop(made)
  error(problem, 0)
end

-- Queues unsent requests for the next service. Called when the service ends.
function outgoing.abandon()
  if reading then reading.reader:discard() end
  reading = nil
  for _, made in ipairs(queue) do state.add_task({ kind = 'remix', made = made }) end
  queue = {}
end

return outgoing
