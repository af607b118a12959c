-- Actions: the bridge's entries in the action list. Most actions write a message or queue a task, then start the
-- service and end.

local dialog = require 'dialog'
local error_guard = require 'error_guard'
local estimate = require 'estimate'
local fader = require 'fader'
local home = require 'home'
local json = require 'json'
local mail = require 'mail'
local objects = require 'objects'
local outgoing = require 'outgoing'
local panel = require 'panel'
local prefetch = require 'prefetch'
local ranges = require 'ranges'
local registry = require 'registry'
local report = require 'report'
local request = require 'request'
local results = require 'results'
local selftest = require 'selftest'
local settings = require 'settings'
local startup = require 'startup'
local state = require 'state'
local toolbar = require 'toolbar'
local toolkit = require 'toolkit'
local window = require 'window'

local actions = {}

local current = objects.current

local HIGHEST_SEED = 4294967295
local ONE_INSTANCE, RESTART = 1, 2 -- options of set_action_options
local MANY = 3 -- maximum number of remixes to request without asking the user to confirm

local function send(command, args)
  local id, problem = mail.send(command, args)
  if not id then error_guard.refuse(problem) end
  state.add_task({ kind = 'sent', message_id = id, without_answer = true })
end

-- Asks for confirmation before many remixes, showing their price, and before a render that blocks REAPER.
local function is_wanted(made, found, choices)
  local variations = choices.remix.variations or 1
  local count = (choices.placement.as_one and 1 or #found) * variations
  if count > MANY then
    local seconds = estimate.seconds(found, choices.placement, variations)
    local text = ('Submit %d remixes (%s)?'):format(count, estimate.text(seconds, choices.remix.engine))
    if not dialog.confirm(text) then return false end
    made.args.confirmed = true
  end
  for _, work in ipairs(made.work) do
    if work.route == 'render' then
      return dialog.confirm('REAPER must first render a MIDI item or take FX. '
        .. 'The render runs at full speed and blocks REAPER until it is done.')
    end
  end
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

-- Requests a remix of the ranges, or shows `hint` if there are none. `priced` means that the user has seen the price.
local function remix(found, choices, hint, priced)
  if #found == 0 then error_guard.refuse(hint) end
  local placement = placement_of(found, choices)
  if not placement then return end
  choices = { remix = choices.remix, placement = placement }
  local made = request.of(current(), found, choices.remix, placement)
  if priced then made.args.confirmed = true end
  if not is_wanted(made, found, choices) then return end
  if #made.work > 0 then
    state.add_task({ kind = 'remix', made = made })
  else
    outgoing.send(made)
    state.add_task({ kind = 'sent', message_id = made.message_id })
  end
  registry.wake_service()
  return made.message_id
end

local SELECT = 'Select an audio item first.'

local function cancel(job_id)
  send('cancel', { job_id = job_id })
  registry.wake_service()
end

-- Returns true if the script must keep running, because ReaImGui's dialog stays open. REAPER's own input box does not.
function actions.remix_dialog()
  local gui = toolkit.load()
  if gui then
    panel.open(gui, function(found, choices) return remix(found, choices, SELECT, true) end, cancel)
    return true
  end
  local found = ranges.selection(current())
  if #found == 0 then error_guard.refuse(SELECT) end
  prefetch.send(found)
  local choices = dialog.choices(found)
  if choices then remix(found, choices, SELECT) end
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

local function rerun(changes)
  for _, id in ipairs(results.rerun(current(), changes)) do state.add_task({ kind = 'sent', message_id = id }) end
  registry.wake_service()
end

-- Runs the selected remixes again with one new random seed and otherwise the same settings.
function actions.rerun()
  rerun({ seed = math.random(0, HIGHEST_SEED) })
end

function actions.same_seed_new_tags()
  local first = results.selected(current())[1]
  local tags = dialog.line('New tags', settings.last().remix.tags)
  if tags and tags ~= '' then rerun({ tags = tags, seed = math.tointeger(tonumber(first.seed)) }) end
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

function actions.audition()
  home.run({ 'audition', results.selected(current())[1].variation })
end

function actions.show_jobs()
  window.open(cancel)
  return true
end

function actions.list_jobs()
  reaper.ShowConsoleMsg(report.jobs(mail.outbox()))
end

-- Keeps the service running for controllers until this action is run again or REAPER quits.
function actions.listen()
  local listens = state.get('listen') ~= true
  state.set('listen', listens)
  if listens then registry.wake_service() end
end

local function offer_toolbar(commands)
  if not dialog.confirm('Add the bridge\'s buttons to an empty floating toolbar?\n\n'
    .. 'Other toolbars and menus do not change. The toolbar is available after you restart REAPER.') then return '' end
  local number = toolbar.add(commands)
  if not number then return '\n\nNo toolbar was added: all floating toolbars are in use.' end
  return ('\n\nAfter you restart REAPER, the buttons are in View > Toolbars > Toolbar %d.'):format(number)
end

local function offer_startup(command)
  if dialog.confirm('Listen to controllers whenever REAPER starts?\n\n'
    .. 'This adds one line at the end of Scripts/__startup.lua.') then startup.add(command) end
end

function actions.install()
  local commands, listen = registry.install()
  local count = 0
  for _ in pairs(commands) do count = count + 1 end
  local about_toolbar = offer_toolbar(commands)
  offer_startup(listen)
  error_guard.show(('%d actions were added to the action list. Filter the list by "ace-bridge".\n\n'):format(count)
    .. 'Assign a shortcut to "Remix with last settings", and run "Self-test" once.' .. about_toolbar)
end

function actions.uninstall()
  toolbar.remove()
  startup.remove()
  registry.remove()
end

-- Sets the amount of the next remix from a fader or a knob.
function actions.amount()
  local amount = fader.value(settings.last().remix.amount)
  if not amount then
    error_guard.refuse('Bind a fader or a knob to this action. It sets the amount of the next remix.')
  end
  local choices = settings.last()
  choices.remix.amount = amount
  settings.remember(choices)
end

-- Returns true, because the script must run until the daemon has read a message.
function actions.selftest()
  reaper.set_action_options(ONE_INSTANCE | RESTART)
  selftest.run(current())
  return true
end

return actions
