-- Panel: the window, loop and buttons of the ReaImGui dialog. The dialog stays open, shows the cost and the progress,
-- and can cancel remixes. Its fields are in fields.lua, and its rows in result_rows.lua.

local blocking = require 'blocking'
local clip_info = require 'clip_info'
local dialog_keys = require 'dialog_keys'
local error_guard = require 'error_guard'
local estimate = require 'estimate'
local fields = require 'fields'
local mail = require 'mail'
local notice = require 'notice'
local objects = require 'objects'
local prefetch = require 'prefetch'
local progress = require 'progress'
local ranges = require 'ranges'
local result_rows = require 'result_rows'
local settings = require 'settings'
local state = require 'state'
local track_sound = require 'track_sound'

local panel = {}

local TITLE = 'ACE Bridge: remix'
local WIDTH, HEIGHT = 460, 620
local TOGGLE, LIT, DARK = 1, 4, 8 -- options of set_action_options: running the action again closes the dialog
local INTERVAL = 0.2 -- seconds between checks of the selection and the outbox
local FILL = -1 -- width that fills the available space
local SIZE = 'dialog_size' -- key of the size that the user gave the window

local ImGui, context
local form -- the values of the fields
local found = {} -- the selected ranges; between two looks, the user may delete their items
local names = '' -- names of the selected clips
local tracks -- the tracks of the selected ranges, as a text
local planned -- what `blocked` was determined for
local blocked -- text about a render that blocks REAPER; nil if nothing must be rendered
local submitted = {} -- message ids of the requests from this dialog
local acts -- the functions that the dialog's buttons call, by the button's name
local rows = {} -- progress of the submitted requests
local next_look = 0
local opened_at = 0
local problem -- why the last click did nothing; nil if it worked
local heard, heard_in -- what the bridge heard in the clip, and the selection for which that was looked up
local size, saved_size -- {width, height} of the window now and in REAPER's ini file

-- Shows the choice of the selection's tracks when other tracks are selected.
local function update_sound(project)
  local now = track_sound.tracks(found)
  if now == tracks then return end
  tracks, form.sound = now, track_sound.common(project, found)
end

-- Updates for how long a render will block REAPER, if anything has changed.
local function update_blocked(project)
  local count = reaper.GetProjectStateChangeCount(project)
  local now = ('%s\n%s\n%d'):format(prefetch.signature(found), form.sound or '', count)
  if now == planned then return end
  planned, blocked = now, blocking.text(project, found, form.sound)
end

local function look()
  local project = objects.current()
  found = ranges.selection(project)
  update_sound(project)
  update_blocked(project)
  prefetch.keep(found, form.sound)
  rows = progress.rows(mail.outbox(), submitted)
  result_rows.of(project, submitted, found[1] and found[1].item)
  names = clip_info.names(found)
  local first = found[1] and objects.item_guid(found[1].item)
  if first ~= heard_in then
    heard_in, heard = first, first and clip_info.now(project, found[1].item)
  end
end

local function clips_in_words()
  if #found == 0 then return 'Select an audio item.' end
  local seconds = estimate.seconds(found, {}, form.variations)
  local what = #found == 1 and '1 clip' or ('%d clips'):format(#found)
  local price = ('%s (%s), %s'):format(what, names, estimate.text(seconds, form.engine))
  return blocked and ('%s. %s'):format(price, blocked) or price
end

local function can_remix()
  return #found > 0 and not fields.problem(form)
end

-- Returns the button that the user clicked: "remix", "cancel", "close" or nil.
local function draw_buttons()
  local pressed
  ImGui.TextWrapped(context, clips_in_words())
  ImGui.BeginDisabled(context, not can_remix())
  if ImGui.Button(context, 'Remix') then pressed = 'remix' end
  ImGui.EndDisabled(context)
  ImGui.SameLine(context)
  ImGui.BeginDisabled(context, not progress.any_open(rows))
  if ImGui.Button(context, 'Cancel') then pressed = 'cancel' end
  ImGui.EndDisabled(context)
  ImGui.SameLine(context)
  if ImGui.Button(context, 'Close') then pressed = 'close' end
  local shown = fields.problem(form) or problem
  if shown then ImGui.TextWrapped(context, shown) end
  return pressed
end

-- Draws the requests in progress and those that failed. Finished ones have rows with buttons.
local function draw_progress()
  for _, row in ipairs(rows) do
    if not row.done then
      ImGui.TextWrapped(context, row.text)
      ImGui.ProgressBar(context, row.progress, FILL, 0, row.overlay)
    end
  end
end

-- Returns what the user has done with the keyboard, as the button for it.
local function key_pressed()
  local pressed = dialog_keys.pressed(ImGui, context, opened_at)
  if pressed == 'remix' and not can_remix() then return nil end
  return pressed
end

-- Draws one frame. Returns whether the dialog stays open, and the clicked button with its row. ReaImGui requires a call
-- to End only if Begin reports a visible window.
local function frame()
  local pressed, clicked, row
  ImGui.SetNextWindowSize(context, saved_size[1], saved_size[2], ImGui.Cond_FirstUseEver)
  local visible, open = ImGui.Begin(context, TITLE, true)
  if visible then
    fields.draw(ImGui, context, form, heard)
    ImGui.Separator(context)
    pressed = draw_buttons()
    draw_progress()
    clicked, row = result_rows.draw(ImGui, context)
    pressed = pressed or clicked or key_pressed()
    size = { ImGui.GetWindowSize(context) }
    ImGui.End(context)
  end
  return open and pressed ~= 'close', pressed, row
end

local function cancel_open()
  local asked = {}
  for _, row in ipairs(rows) do
    if row.open and not asked[row.job_id] then
      asked[row.job_id] = true
      acts.cancel(row.job_id)
    end
  end
end

local function submit()
  local choices = fields.choices(form)
  settings.remember(choices)
  return acts.remix(ranges.selection(objects.current()), choices)
end

-- Does what the user clicked.
local function act(pressed, row)
  if pressed == 'cancel' then return cancel_open() end
  local id
  if pressed == 'remix' then id = submit() else id = acts[pressed](row.variation) end
  submitted[#submitted + 1] = id
end

local function tick()
  notice.step()
  local now = reaper.time_precise()
  if now >= next_look then
    next_look = now + INTERVAL
    look()
  end
  if not ImGui.ValidatePtr(context, 'ImGui_Context*') then -- a message box that blocks for a frame invalidates it
    context = ImGui.CreateContext(TITLE)
  end
  local open, pressed, row = frame()
  if open and pressed then -- after the frame is drawn, because `act` may open a message box
    local ok, text = error_guard.catch(act, pressed, row)
    problem = not ok and text or nil
    next_look = 0
  end
  return open
end

local function loop()
  local ok, goes_on = error_guard.run(tick)
  if ok and goes_on then reaper.defer(loop) end
end

local function keep_size()
  if size and (size[1] ~= saved_size[1] or size[2] ~= saved_size[2]) then state.keep(SIZE, size) end
end

-- Opens the dialog. `functions` are called by the buttons: `remix(ranges, choices)` and `more(variation)` request a
-- remix and return its message id; `cancel(job_id)`, `audition(variation)`, `swap(variation)` and `keep(variation)`.
function panel.open(toolkit, functions)
  ImGui, acts = toolkit, functions
  form = fields.from(settings.last())
  saved_size, opened_at = state.get(SIZE) or { WIDTH, HEIGHT }, reaper.time_precise()
  reaper.set_action_options(TOGGLE | LIT)
  reaper.atexit(function()
    notice.clear()
    keep_size()
    reaper.set_action_options(DARK)
  end)
  context = ImGui.CreateContext(TITLE)
  loop()
end

return panel
