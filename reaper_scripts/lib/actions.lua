-- Actions: the bridge's entries in the action list. Most actions write a message or queue a task, then start the
-- service and end.

local blocking = require 'blocking'
local dialog = require 'dialog'
local error_guard = require 'error_guard'
local estimate = require 'estimate'
local home = require 'home'
local json = require 'json'
local mail = require 'mail'
local notice = require 'notice'
local objects = require 'objects'
local outgoing = require 'outgoing'
local panel = require 'panel'
local prefetch = require 'prefetch'
local ranges = require 'ranges'
local registry = require 'registry'
local report = require 'report'
local request = require 'request'
local rerun = require 'rerun'
local results = require 'results'
local selftest = require 'selftest'
local settings = require 'settings'
local setup = require 'setup'
local state = require 'state'
local take_audio = require 'take_audio'
local toolkit = require 'toolkit'
local track_sound = require 'track_sound'
local trigger = require 'trigger'
local window = require 'window'

local actions = {}

local current = objects.current

local ONE_INSTANCE, RESTART, LIT, DARK = 1, 2, 4, 8 -- options of set_action_options
local LIMITS = { above = 1.0, count = 20 } -- US dollars and remixes without asking, if the catalogue has no limits

local function send(command, args)
  local id, problem = mail.send(command, args)
  if not id then error_guard.refuse(problem) end
  state.add_task({ kind = 'sent', message_id = id, without_answer = true })
end

-- Asks for confirmation above the limits under [budget] and before a render that blocks REAPER, showing the price.
-- `is_shown` means that the user has already seen the price and how long the render blocks REAPER.
local function is_wanted(made, found, choices, is_shown)
  local variations = choices.remix.variations or 1
  local count = (choices.placement.as_one and 1 or #found) * variations
  local seconds = estimate.seconds(found, choices.placement, variations)
  local limits = home.catalogue().confirm or LIMITS
  local is_much = count > limits.count or estimate.cost(seconds, choices.remix.engine) > limits.above
  local render = not is_shown and blocking.question(current(), found)
  if not is_much and not render then return true end
  local what = count == 1 and '1 remix' or ('%d remixes'):format(count)
  local text = ('Submit %s (%s)?'):format(what, estimate.text(seconds, choices.remix.engine))
  if not dialog.confirm((render and render .. '\n\n' or '') .. text) then return false end
  made.args.confirmed = true
  return true
end

-- Returns the placement, or nil if the user cancels. If the items overlap on several tracks, asks whether to remix them
-- as one mix.
local function placement_of(found, choices)
  if not ranges.overlap_on_tracks(found) then return choices.placement end
  local as_one = dialog.yes_no(('These %d items overlap on several tracks, like the microphones of one source.\n\n'
    .. 'Yes: one remix of their mix.\nNo: a separate remix of each item.'):format(#found))
  if as_one == nil then return nil end
  return { mode = as_one and 'new_track' or choices.placement.mode, source = choices.placement.source, as_one = as_one }
end

-- Returns the ranges that can be remixed, and a sentence about the others or nil. If none can, stops with the reason.
local function usable(chosen)
  local found, problems = take_audio.readable(chosen)
  if #problems == 0 then return found end
  if #found == 0 then error_guard.refuse(problems[1]) end
  local reason = problems[1]:match('^(.-)\n\n') or problems[1]
  return found, ('%d of %d items left out. %s'):format(#problems, #chosen, reason)
end

-- Requests a remix of the ranges, or shows `hint` if there are none. `kind` is what asked for it (see trigger.lua), and
-- `is_shown` means that the user has seen the price and how long REAPER will be blocked.
local function remix(chosen, choices, hint, kind, is_shown)
  kind = kind or trigger.kind()
  if #chosen == 0 then error_guard.refuse(hint) end
  local found, remark = usable(chosen)
  if trigger.repeats(kind, trigger.signature(found, choices)) then return end
  track_sound.choose(current(), found, choices.sound)
  local placement = placement_of(found, choices)
  if not placement then return end
  choices = { remix = choices.remix, placement = placement }
  local made = request.of(current(), found, choices.remix, placement)
  if is_shown then made.args.confirmed = true end
  local wanted = is_wanted(made, found, choices, is_shown)
  trigger.box_was_open()
  if not wanted then return end
  made.args.trigger = made.args.confirmed and trigger.DIALOG or kind
  if #made.work > 0 then
    state.add_task({ kind = 'remix', made = made })
  else
    outgoing.send(made)
    state.add_task({ kind = 'sent', message_id = made.message_id })
  end
  registry.wake_service()
  if remark then notice.tell(remark) end
  return made.message_id
end

local SELECT = 'Select an audio item first.'

local function cancel(job_id)
  send('cancel', { job_id = job_id })
  registry.wake_service()
end

-- What the buttons of ReaImGui's dialog do.
local BUTTONS = {
  remix = function(chosen, choices) return remix(chosen, choices, SELECT, trigger.DIALOG, true) end,
  cancel = cancel,
  audition = function(variation) home.run({ 'audition', variation }) end,
  swap = function(variation) results.swap_one(current(), results.find(current(), variation)) end,
  more = function(variation)
    return rerun.one(current(), results.find(current(), variation), { seed = rerun.new_seed(), variations = 1 })
  end,
  keep = function(variation) results.keep(current(), results.find(current(), variation)) end,
}

-- Returns true if the script must keep running, because ReaImGui's dialog stays open. REAPER's own input box does not.
function actions.remix_dialog()
  local gui = toolkit.load()
  if gui then
    panel.open(gui, BUTTONS)
    return true
  end
  local chosen = ranges.selection(current())
  if #chosen == 0 then error_guard.refuse(SELECT) end
  local found = usable(chosen)
  prefetch.send(found)
  local choices = dialog.choices(found)
  if choices then remix(chosen, choices, SELECT, trigger.DIALOG) end
end

function actions.remix_last()
  remix(ranges.selection(current()), settings.last(), SELECT)
end

function actions.remix_time_selection()
  remix(ranges.in_time_selection(current()), settings.last(), 'Make a time selection over at least one item first.')
end

function actions.remix_razor()
  remix(ranges.razor(current()), settings.last(), 'Make a razor edit over at least one item first.')
end

local function remix_favourite(place)
  local name = settings.favourites()[place]
  if not name then error_guard.refuse(('Favourite %d is not set. Run "Choose favourites".'):format(place)) end
  remix(ranges.selection(current()), settings.of_preset(name), SELECT)
end

function actions.remix_favourite_1() remix_favourite(1) end
function actions.remix_favourite_2() remix_favourite(2) end
function actions.remix_favourite_3() remix_favourite(3) end

function actions.choose_favourites()
  local names = {}
  for i, preset in ipairs(home.catalogue().presets) do names[i] = preset.name end
  local text = dialog.line('Favourites (separated by spaces)', table.concat(settings.favourites(), ' '))
  if not text then return end
  local known, chosen = {}, json.list()
  for _, name in ipairs(names) do known[name] = true end
  for name in text:gmatch('[^%s|]+') do
    if not known[name] then
      error_guard.refuse(('Unknown preset: %s. Available presets:\n%s'):format(name, table.concat(names, ', ')))
    end
    chosen[#chosen + 1] = name
  end
  settings.choose_favourites(chosen)
end

function actions.cancel()
  local outbox, count = mail.outbox(), 0
  for _, job in ipairs(outbox and outbox.jobs or {}) do
    if not mail.has_ended(job) then
      cancel(job.job_id)
      count = count + 1
    end
  end
  if count == 0 then error_guard.refuse('No remixes are in progress.') end
end

-- Runs the selected remixes again with one new random seed and otherwise the same settings.
function actions.rerun()
  rerun.selected(current(), { seed = rerun.new_seed() }, trigger.kind())
end

function actions.same_seed_new_tags()
  local first = results.selected(current())[1]
  local tags = dialog.line('New tags', settings.last().remix.tags)
  if not tags or tags == '' then return end
  rerun.selected(current(), { tags = tags, seed = math.tointeger(tonumber(first.seed)) }, trigger.DIALOG)
end

function actions.place_ready()
  send('hello', { daw = request.daw(), project = request.project(current()) })
  state.add_task({ kind = 'place_now' })
  registry.wake_service()
end

function actions.swap()
  results.swap(current())
end

function actions.remove()
  results.remove(current())
end

function actions.keep()
  results.keep(current(), results.selected(current())[1])
end

function actions.audition()
  local variation = results.selected(current())[1].variation
  if not trigger.repeats(trigger.kind(), 'audition ' .. variation) then home.run({ 'audition', variation }) end
end

function actions.show_jobs()
  window.open(cancel)
  return true
end

function actions.list_jobs()
  reaper.ShowConsoleMsg(home.with_commands(report.jobs(mail.outbox())))
end

-- Keeps the service running for controllers until this action is run again or REAPER quits.
function actions.listen()
  local listens = state.get('listen') ~= true
  state.set('listen', listens)
  if listens then registry.wake_service() end
end

-- Chooses whether results wait as long as the user can redo something, or only until the user has paused.
function actions.keep_redo()
  local keeps = not settings.keeps_redo()
  settings.keep_redo(keeps)
  reaper.set_action_options(keeps and LIT or DARK)
  notice.status(keeps and 'remixes wait while you can redo something' or 'remixes wait for 10 s without an edit')
end

-- Switches the tracks of the selection between the sound of their items and that of the tracks.
function actions.track_effects()
  local project = current()
  local found = ranges.selection(project)
  if #found == 0 then error_guard.refuse(SELECT) end
  local is_on = track_sound.common(project, found) ~= track_sound.TRACK
  track_sound.choose(project, found, is_on and track_sound.TRACK or track_sound.ITEM)
  reaper.set_action_options(is_on and LIT or DARK)
  notice.status(is_on and 'items of this track are remixed with the track\'s effects'
    or 'items of this track are remixed without the track\'s effects')
end

function actions.install()
  setup.install()
end

function actions.uninstall()
  setup.uninstall()
end

-- Returns true, because the script must run until the daemon has read a message.
function actions.selftest()
  reaper.set_action_options(ONE_INSTANCE | RESTART)
  selftest.run(current())
  return true
end

return actions
