-- Surface: answers the daemon when a control surface requests a remix of the selection.

local json = require 'json'
local mail = require 'mail'
local notes = require 'notes'
local objects = require 'objects'
local placeholder = require 'placeholder'
local ranges = require 'ranges'
local request = require 'request'
local settings = require 'settings'
local take_audio = require 'take_audio'
local trigger = require 'trigger'
local undelivered = require 'undelivered'

local surface = {}

local answered -- id of the last `ask` that was handled

-- Answers the `ask` in an outbox if it is new. If REAPER must first write the selection's audio to files, the selection
-- is not sent, because the daemon waits only one second and a control surface must not block REAPER.
function surface.answer(outbox)
  local ask = json.maybe(outbox.ask)
  if not ask or ask.id == answered or ask.command ~= 'selection' then return end
  answered = ask.id
  local project = objects.current()
  local found = take_audio.readable(ranges.selection(project))
  if #found == 0 then return end
  local made = request.of(project, found, {}, settings.last().placement)
  if #made.work > 0 then return end
  made.args.trigger = trigger.OSC
  made.note.created = os.time()
  if notes.save(made.note) and mail.send('selection', made.args, made.message_id) then
    undelivered.watch(made.message_id)
    if not trigger.repeats(trigger.OSC, trigger.signature(found, {})) then placeholder.put(project, made.note) end
  end
end

return surface
