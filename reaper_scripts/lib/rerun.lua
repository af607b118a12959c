-- Rerun: runs the jobs of placed results again.

local edit_guard = require 'edit_guard'
local error_guard = require 'error_guard'
local json = require 'json'
local mail = require 'mail'
local notes = require 'notes'
local placeholder = require 'placeholder'
local registry = require 'registry'
local results = require 'results'
local state = require 'state'
local trigger = require 'trigger'

local rerun = {}

local HIGHEST_SEED = 4294967295

function rerun.new_seed()
  return math.random(0, HIGHEST_SEED)
end

local function new_note(one)
  local note = one.request and notes.load(one.request)
  if not note then error_guard.refuse('The saved data for this remix is missing. Remix its source item instead.') end
  note.first = note.first or note.message_id -- the first request of a chain of re-runs
  note.message_id, note.created, note.told, note.ended, note.placed = mail.new_id(), os.time(), nil, nil, nil
  note.rendered = json.list() -- the rendered files belong to the first request
  return note
end

-- Runs the job of a result again with the changed settings `remix`. Returns the id of the message sent.
function rerun.one(project, one, remix)
  local note = new_note(one)
  note.redo = edit_guard.redo_step(project)
  note.variations = remix.variations or note.variations
  local ok, problem = notes.save(note)
  if ok then ok, problem = mail.send('rerun', { job_id = one.job, remix = remix }, note.message_id) end
  if not ok then error_guard.refuse('Cannot write the request: ' .. tostring(problem)) end
  placeholder.put(project, note)
  state.add_task({ kind = 'sent', message_id = note.message_id })
  registry.wake_service()
  return note.message_id
end

-- Returns the selected results, but only one of each job.
local function one_per_job(project)
  local found, seen = {}, {}
  for _, one in ipairs(results.selected(project)) do
    if not seen[one.job] then found[#found + 1] = one end
    seen[one.job] = true
  end
  return found
end

-- Runs the jobs of the selected results again with changed settings, unless `kind` is a held key that only repeats.
function rerun.selected(project, remix, kind)
  local found, jobs = one_per_job(project), {}
  for i, one in ipairs(found) do jobs[i] = one.job end
  if trigger.repeats(kind, 'rerun ' .. table.concat(jobs, ' ')) then return end
  for _, one in ipairs(found) do rerun.one(project, one, remix) end
end

return rerun
