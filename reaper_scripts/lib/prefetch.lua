-- Prefetch: while the dialog is open the daemon starts and gets the clips ready, so that "Remix" finds them warm.

local mail = require 'mail'
local objects = require 'objects'
local registry = require 'registry'
local request = require 'request'
local settings = require 'settings'
local state = require 'state'

local prefetch = {}

local last, seen -- signatures of what was prepared, and of what was meant at the last look

local function signature(found)
  local parts = {}
  for i, range in ipairs(found) do
    parts[i] = ('%s %.6f %.6f'):format(objects.item_guid(range.item), range.from, range.to)
  end
  return table.concat(parts, '\n')
end

-- Send `prepare` for some ranges; what REAPER has to write first is not prepared.
function prefetch.send(found)
  local made = request.of(objects.current(), found, {}, settings.last().placement)
  if #made.work > 0 then return end
  local id = mail.send('prepare', made.args)
  if not id then return end
  state.order({ kind = 'sent', message_id = id, without_answer = true })
  registry.wake_service()
end

-- Called at each look of an open dialog: once the selection has stayed as it is for one look, it is prepared.
function prefetch.keep(found)
  local now = signature(found)
  local steady = now == seen
  seen = now
  if not steady or now == last or #found == 0 then return end
  last = now
  local ok, problem = pcall(prefetch.send, found) -- what cannot be remixed is said when that is asked for
  if not ok and type(problem) ~= 'table' then error(problem, 0) end
end

return prefetch
