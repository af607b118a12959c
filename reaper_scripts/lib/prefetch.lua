-- Prefetch: while the dialog is open, starts the daemon and lets it prepare the clips.

local mail = require 'mail'
local objects = require 'objects'
local registry = require 'registry'
local request = require 'request'
local settings = require 'settings'
local state = require 'state'
local take_audio = require 'take_audio'

local prefetch = {}

local last, seen -- signatures of the ranges prepared last and of the ranges at the last call

-- Returns a text that identifies some ranges.
function prefetch.signature(found)
  local parts = {}
  for i, range in ipairs(found) do
    parts[i] = ('%s %.6f %.6f'):format(objects.item_guid(range.item), range.from, range.to)
  end
  return table.concat(parts, '\n')
end

-- Sends a `prepare` message for the ranges that can be remixed, unless REAPER must first write their audio. If `sound`
-- is nil, the sound of each range is the one chosen for its track.
function prefetch.send(chosen, sound)
  local found = take_audio.readable(chosen)
  if #found == 0 then return end
  local made = request.of(objects.current(), found, {}, settings.last().placement, sound)
  if #made.work > 0 then return end
  local id = mail.send('prepare', made.args)
  if not id then return end
  state.add_task({ kind = 'sent', message_id = id, without_answer = true })
  registry.wake_service()
end

-- Prepares the selected ranges if they have not changed since the last call. The open dialog calls this regularly.
function prefetch.keep(found, sound)
  local now = ('%s\n%s'):format(prefetch.signature(found), sound or '')
  local steady = now == seen
  seen = now
  if not steady or now == last or #found == 0 then return end
  last = now
  local ok, problem = pcall(prefetch.send, found, sound) -- messages for the user appear only after "Remix"
  if not ok and type(problem) ~= 'table' then error(problem, 0) end
end

return prefetch
