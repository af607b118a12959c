-- Delivery: places the results that the daemon offers to this REAPER, and reports requests that have ended.

local edit_guard = require 'edit_guard'
local error_guard = require 'error_guard'
local json = require 'json'
local mail = require 'mail'
local notes = require 'notes'
local objects = require 'objects'
local peaks = require 'peaks'
local placeholder = require 'placeholder'
local placing = require 'placing'
local state = require 'state'

local delivery = {}

local RECORDING = 4 -- bit of GetPlayState
local MOMENT = 3.0 -- seconds within which the daemon offers finished results after `hello`

local confirmed = {} -- set of variation ids that are not placed again, not even after an undo
local closed = {} -- set of ended jobs (job id .. state) and rejections (message id) already processed
local waiting = false -- whether a result is waiting to be placed
local open_jobs = false
local forced_until = 0 -- time until which results are placed even if that clears the redo history
local to_sweep = true -- whether requests may have ended since the last sweep

-- Forces results offered within the next MOMENT seconds to be placed, even if that clears the redo history.
function delivery.force()
  forced_until = reaper.time_precise() + MOMENT
end

function delivery.busy()
  return open_jobs or waiting or reaper.time_precise() < forced_until
end

local function confirm(variation_id, item)
  if mail.send('placed', { variation_id = variation_id, item = item }) then confirmed[variation_id] = true end
end

local function refuse(variation_id, problem)
  if mail.send('place_failed', { variation_id = variation_id, text = problem }) then confirmed[variation_id] = true end
end

local function place_in(project, plans)
  local ok, outcomes, sources = pcall(placing.place, project, plans)
  if not ok then
    error_guard.log(tostring(outcomes))
    for _, plan in ipairs(plans) do refuse(plan.variation.variation_id, 'a script error, see reaper.log') end
    return
  end
  for _, outcome in ipairs(outcomes) do
    local id = outcome.plan.variation.variation_id
    if outcome.item then confirm(id, outcome.item) else refuse(id, outcome.problem) end
  end
  for _, source in ipairs(sources) do peaks.build(project, source) end
end

-- Shows the path of a result whose project is not open. Does this once per result while REAPER runs.
local function show_closed(found)
  local told = state.get('told') or {}
  local id = found.variation.variation_id
  if told[id] then return end
  told[id] = true
  state.set('told', told)
  error_guard.show('A remix is ready, but its project is not open. '
    .. 'Open the project and run "Place ready remixes".\n\n'
    .. 'The file is kept: ' .. found.variation.result.path)
end

-- Returns the plans for all offered results, grouped by open project, and the list of these projects.
local function plans_by_project(outbox)
  local known, by_project, order = mail.variations(outbox), {}, {}
  for _, id in ipairs(outbox.place) do
    local found = not confirmed[id] and known[id]
    local note = found and notes.load(found.job.message_id)
    local plan = note and placing.plan(note, found)
    if found and not plan then refuse(id, 'the saved data for this request is missing') end
    if plan and not plan.project then
      show_closed(found)
    elseif plan then
      if not by_project[plan.project] then
        by_project[plan.project] = {}
        order[#order + 1] = plan.project
      end
      table.insert(by_project[plan.project], plan)
    end
  end
  return by_project, order
end

-- Places all results that can be placed now. Returns the reason why other results wait, or nil.
local function place_all(outbox)
  local by_project, order = plans_by_project(outbox)
  local is_forced, why = reaper.time_precise() < forced_until, nil
  for _, project in ipairs(order) do
    local obstacle = edit_guard.obstacle(project, is_forced)
    if obstacle then
      why = obstacle
    else
      place_in(project, by_project[project])
      forced_until = 0
    end
  end
  return why
end

-- Records why results wait, so that the windows can show it. `why` is false if no result is offered, and nil if all
-- results were placed.
local function wait_for(why)
  waiting = why ~= false
  if why ~= state.get('obstacle') then state.set('obstacle', why) end
end

local function is_over(message_id)
  local note = notes.load(message_id)
  return note == nil or note.ended == true
end

-- Removes the placeholders of ended requests, except from projects that must not change now.
local function sweep()
  for _, project in ipairs(objects.projects()) do
    if not edit_guard.obstacle(project) then placeholder.sweep(project, is_over) end
  end
end

local function sentence(job)
  for _, variation in ipairs(job.variations) do
    local error = json.maybe(variation.error)
    if error then return ('%s\n\n%s'):format(error.text, error.hint) end
  end
end

-- Processes each ended job once and shows its error, if any. The note is kept for retries and re-runs until it expires.
local function close(job)
  local ending = job.job_id .. job.state
  if closed[ending] then return end
  closed[ending] = true
  to_sweep = true
  local note = notes.load(job.message_id)
  if not note then return end
  local problem = job.state ~= 'done' and job.state ~= 'cancelled' and note.told ~= ending and sentence(job)
  note.ended = true
  if problem then note.told = ending end
  notes.save(note)
  if problem then error_guard.show('The remix did not finish.\n\n' .. problem) end
end

local function show_rejections(outbox)
  for _, refusal in ipairs(outbox.errors or {}) do
    local note = not closed[refusal.message_id] and notes.load(refusal.message_id)
    closed[refusal.message_id] = true
    if note then
      notes.remove(note)
      to_sweep = true
      error_guard.show(('The bridge rejected the request.\n\n%s\n\n%s'):format(refusal.text, refusal.hint))
    end
  end
end

-- Processes an outbox. While REAPER records, this shows no box and places nothing.
function delivery.look(outbox)
  open_jobs = false
  local to_place = {}
  for _, id in ipairs(outbox.place) do to_place[id] = true end
  local recording = reaper.GetPlayState() & RECORDING ~= 0
  for _, job in ipairs(outbox.jobs) do
    if mail.has_ended(job) then
      if not recording then close(job) end
    else
      for _, one in ipairs(job.variations) do
        local on_its_way = not mail.has_ended(one) and not to_place[one.variation_id]
        open_jobs = open_jobs or on_its_way
      end
    end
  end
  if recording then
    wait_for(#outbox.place > 0 and 'waiting until the recording ends')
    return
  end
  show_rejections(outbox)
  wait_for(#outbox.place > 0 and objects.with_survey(place_all, outbox) or false)
  if to_sweep then
    to_sweep = false
    sweep()
  end
end

return delivery
