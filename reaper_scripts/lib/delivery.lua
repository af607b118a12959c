-- Delivery: places the results that the daemon offers to this REAPER, and reports requests that have ended.

local edit_guard = require 'edit_guard'
local error_guard = require 'error_guard'
local json = require 'json'
local mail = require 'mail'
local notes = require 'notes'
local notice = require 'notice'
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
local sweeps_next = false -- whether the next look sweeps, because this one has placed results

-- Forces results offered within the next MOMENT seconds to be placed, even if that clears the redo history.
function delivery.force()
  forced_until = reaper.time_precise() + MOMENT
end

function delivery.busy()
  return open_jobs or waiting or sweeps_next or reaper.time_precise() < forced_until
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

-- Returns whether the user requested one of the results while `step` could be redone. Such a request permits the result
-- to clear the redo history.
local function requested_despite(plans, step)
  for _, plan in ipairs(plans) do
    if plan.note.redo == step then return true end
  end
  return false
end

-- Returns the reason why a project's results cannot be placed now, or nil. If they will be placed soon and that clears
-- the redo history, also returns a warning.
local function obstacle_to(project, plans, is_forced)
  local obstacle = edit_guard.obstacle(project)
  if obstacle then return obstacle end
  local step = edit_guard.redo_step(project)
  if step and not is_forced and not requested_despite(plans, step) then return edit_guard.redo_obstacle(project) end
  return nil
end

-- Places all results that can be placed now. Returns whether there were any, the reason why other results wait, or nil,
-- and a warning or nil.
local function place_all(outbox)
  local by_project, order = plans_by_project(outbox)
  local is_forced, has_placed, why, warning = reaper.time_precise() < forced_until, false, nil, nil
  for _, project in ipairs(order) do
    local obstacle, about_redo = obstacle_to(project, by_project[project], is_forced)
    if obstacle then
      why, warning = obstacle, warning or about_redo
    else
      place_in(project, by_project[project])
      forced_until, has_placed = 0, true
    end
  end
  return has_placed, why, warning
end

-- Records and shows why results wait. `why` is nil if no result waits.
local function wait_for(why, warning)
  waiting = why ~= nil
  if (why or false) ~= state.get('obstacle') then state.set('obstacle', why or false) end
  notice.status(why and 'a remix is ready, ' .. why)
  notice.warn(warning)
end

-- Removes the placeholders of failed requests, except from projects that must not change now.
local function sweep()
  for _, project in ipairs(objects.projects()) do
    local must_wait = edit_guard.obstacle(project) or edit_guard.redo_step(project)
    if not must_wait then placeholder.sweep(project) end
  end
end

-- Places results and sweeps, with one survey for both. The survey is out of date once results have been placed, and a
-- second one would make REAPER wait too long, so the sweep then follows in the next look.
local function place_and_sweep(outbox)
  local has_placed, why, warning = place_all(outbox)
  sweeps_next = to_sweep and has_placed
  if to_sweep and not has_placed then
    to_sweep = false
    sweep()
  end
  return why, warning
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
  note.ended, note.placed = true, job.state == 'done'
  if problem then note.told = ending end
  notes.save(note)
  if problem then error_guard.show('The remix did not finish.\n\n' .. problem) end
end

-- Ends the requests that the daemon took for key repeats of a job: they have no results, so their placeholders go.
local function close_repeats(job)
  for _, id in ipairs(job.repeats or {}) do
    local note = not closed[id] and notes.load(id)
    closed[id] = true
    if note then
      note.ended = true
      notes.save(note)
      to_sweep = true
    end
  end
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
    if not recording then close_repeats(job) end
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
    wait_for(#outbox.place > 0 and 'waiting until the recording ends' or nil)
    return
  end
  show_rejections(outbox)
  wait_for(objects.with_survey(place_and_sweep, outbox))
end

return delivery
