-- Report: the list of jobs as plain text for the console.

local json = require 'json'

local report = {}

local function line(variation)
  local what = json.maybe(variation.message) or ''
  local queue = json.maybe(variation.queue_position)
  if queue then what = ('%s, %d ahead in the queue'):format(what, queue) end
  local error = json.maybe(variation.error)
  if error then what = error.text .. ' ' .. error.hint end
  return ('    %d  seed %d  %s  %d %%  %s\n'):format(
    variation.index + 1, variation.seed, variation.state, math.floor(variation.progress * 100 + 0.5), what)
end

function report.jobs(outbox)
  if not outbox or #outbox.jobs == 0 then return 'ACE Bridge: no remixes yet.\n' end
  local parts = { 'ACE Bridge\n' }
  for _, job in ipairs(outbox.jobs) do
    local billed = json.maybe(job.cost.billed)
    local cost = billed and ('%s %.3f'):format(job.cost.currency, billed) or 'not billed yet'
    parts[#parts + 1] = ('  %s  %s, %s, %s\n'):format(job.job_id:sub(1, 8), job.state, job.engine, cost)
    for _, variation in ipairs(job.variations) do parts[#parts + 1] = line(variation) end
    for _, warning in ipairs(job.warnings) do parts[#parts + 1] = '    note: ' .. warning.text .. '\n' end
  end
  return table.concat(parts)
end

return report
