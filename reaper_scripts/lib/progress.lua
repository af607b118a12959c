-- Progress: converts the outbox to the rows that the windows show.
-- Each row is {text, overlay, progress, open, done, failed, job_id}.

local json = require 'json'
local mail = require 'mail'
local notes = require 'notes'
local state = require 'state'

local progress = {}

local known = {} -- note of each request, read once; false if the request has none

local function note_of(job)
  local id = job.message_id
  if known[id] == nil then known[id] = notes.load(id) or false end
  return known[id] or { clips = {} }
end

local function name_of(job, variation)
  local clip = note_of(job).clips[variation.clip_id]
  return clip and clip.name ~= '' and clip.name or 'clip'
end

local function elapsed(job)
  local since = note_of(job).created
  return since and (' (%d s)'):format(math.max(0, os.time() - since)) or ''
end

-- Returns a variation's status text: its error if it has one, otherwise why REAPER is not placing it, otherwise its
-- queue position, otherwise the daemon's message.
local function status_of(variation)
  local problem = json.maybe(variation.error)
  if problem then return problem.text end
  local obstacle = state.get('obstacle')
  if obstacle and variation.state == 'placing' then return obstacle end
  local queue = json.maybe(variation.queue_position)
  if queue then return ('%d ahead in the queue'):format(queue) end
  return json.maybe(variation.message) or ''
end

local function row_of(job, variation)
  local ended = mail.has_ended(variation)
  return {
    text = ('%s, remix %d: %s'):format(name_of(job, variation), variation.index + 1, variation.state),
    overlay = status_of(variation) .. (ended and '' or elapsed(job)),
    progress = variation.state == 'done' and 1 or variation.progress,
    open = not ended,
    done = variation.state == 'done',
    failed = json.maybe(variation.error) ~= nil,
    job_id = job.job_id,
  }
end

-- Returns the rows of all jobs, newest first. If message ids are given, returns only the rows of these requests.
function progress.rows(outbox, message_ids)
  local wanted, rows = {}, {}
  for _, id in ipairs(message_ids or {}) do wanted[id] = true end
  local jobs = outbox and outbox.jobs or {}
  for i = #jobs, 1, -1 do
    for _, variation in ipairs((not message_ids or wanted[jobs[i].message_id]) and jobs[i].variations or {}) do
      rows[#rows + 1] = row_of(jobs[i], variation)
    end
  end
  return rows
end

function progress.any_open(rows)
  for _, row in ipairs(rows) do
    if row.open then return true end
  end
  return false
end

return progress
