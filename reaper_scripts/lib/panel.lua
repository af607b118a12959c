-- Panel: the window, loop and buttons of the ReaImGui dialog. The dialog stays open, shows the cost and the progress,
-- and can cancel remixes. Its fields are in fields.lua.

local error_guard = require 'error_guard'
local estimate = require 'estimate'
local fields = require 'fields'
local mail = require 'mail'
local objects = require 'objects'
local prefetch = require 'prefetch'
local progress = require 'progress'
local ranges = require 'ranges'
local settings = require 'settings'

local panel = {}

local TITLE = 'ACE Bridge: remix'
local WIDTH, HEIGHT = 460, 620
local TOGGLE, LIT, DARK = 1, 4, 8 -- options of set_action_options: running the action again closes the dialog
local INTERVAL = 0.2 -- seconds between checks of the selection and the outbox
local FILL = -1 -- width that fills the available space

local ImGui, context
local form -- the values of the fields
local found = {} -- the selected ranges
local submitted = {} -- message ids of the requests from this dialog
local remix, cancel -- the functions that the dialog's buttons call
local rows = {} -- progress of the submitted requests
local next_look = 0

local function look()
  found = ranges.selection(objects.current())
  prefetch.keep(found)
  rows = progress.rows(mail.outbox(), submitted)
end

local function clips_in_words()
  if #found == 0 then return 'Select an audio item.' end
  local seconds = estimate.seconds(found, {}, form.variations)
  local what = #found == 1 and '1 clip' or ('%d clips'):format(#found)
  return ('%s, %s'):format(what, estimate.text(seconds, form.engine))
end

-- Returns the button that the user clicked: "remix", "cancel", "close" or nil.
local function draw_buttons()
  local pressed
  ImGui.TextWrapped(context, clips_in_words())
  ImGui.BeginDisabled(context, #found == 0)
  if ImGui.Button(context, 'Remix') then pressed = 'remix' end
  ImGui.EndDisabled(context)
  ImGui.SameLine(context)
  ImGui.BeginDisabled(context, not progress.any_open(rows))
  if ImGui.Button(context, 'Cancel') then pressed = 'cancel' end
  ImGui.EndDisabled(context)
  ImGui.SameLine(context)
  if ImGui.Button(context, 'Close') then pressed = 'close' end
  return pressed
end

local function draw_progress()
  for _, row in ipairs(rows) do
    ImGui.TextWrapped(context, row.text)
    ImGui.ProgressBar(context, row.progress, FILL, 0, row.overlay)
  end
end

-- Draws one frame. Returns whether the dialog stays open, and the clicked button. ReaImGui requires a call to End only
-- if Begin reports a visible window.
local function frame()
  local pressed
  ImGui.SetNextWindowSize(context, WIDTH, HEIGHT, ImGui.Cond_FirstUseEver)
  local visible, open = ImGui.Begin(context, TITLE, true)
  if visible then
    fields.draw(ImGui, context, form)
    ImGui.Separator(context)
    pressed = draw_buttons()
    draw_progress()
    ImGui.End(context)
  end
  return open and pressed ~= 'close', pressed
end

local function cancel_open()
  local asked = {}
  for _, row in ipairs(rows) do
    if row.open and not asked[row.job_id] then
      asked[row.job_id] = true
      cancel(row.job_id)
    end
  end
end

local function act(pressed)
  if pressed == 'cancel' then
    cancel_open()
  elseif pressed == 'remix' then
    local choices = fields.choices(form)
    settings.remember(choices)
    local id = remix(ranges.selection(objects.current()), choices)
    if id then submitted[#submitted + 1] = id end
  end
end

local function tick()
  local now = reaper.time_precise()
  if now >= next_look then
    next_look = now + INTERVAL
    look()
  end
  if not ImGui.ValidatePtr(context, 'ImGui_Context*') then -- a message box that blocks for a frame invalidates it
    context = ImGui.CreateContext(TITLE)
  end
  local open, pressed = frame()
  error_guard.run(act, pressed) -- after the frame is drawn, because `act` may open a message box
  return open
end

local function loop()
  local ok, goes_on = error_guard.run(tick)
  if ok and goes_on then reaper.defer(loop) end
end

-- Opens the dialog. `ask(ranges, choices)` requests a remix and returns its message id; `stop(job_id)` cancels a job.
function panel.open(toolkit, ask, stop)
  ImGui, remix, cancel = toolkit, ask, stop
  form = fields.from(settings.last())
  reaper.set_action_options(TOGGLE | LIT)
  reaper.atexit(function() reaper.set_action_options(DARK) end)
  context = ImGui.CreateContext(TITLE)
  loop()
end

return panel
