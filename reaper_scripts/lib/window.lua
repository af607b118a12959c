-- Window: shows this REAPER's remixes and their progress. Closing the window does not stop the service. Clicking the
-- cross in a row cancels the row's job.

local error_guard = require 'error_guard'
local mail = require 'mail'
local notice = require 'notice'
local progress = require 'progress'

local window = {}

local TITLE = 'ACE Bridge: remixes'
local WIDTH, HEIGHT, FLOATING = 460, 260, 0
local MARGIN, ROW, BAR = 12, 40, 6 -- pixels
local FONT, SIZE = 'Arial', 14
local ESCAPE, CLOSED = 27, -1 -- results of gfx.getchar
local INTERVAL = 0.2 -- seconds between checks of the outbox
local TOGGLE, LIT, DARK = 1, 4, 8 -- options of set_action_options: running the action again closes the window
local COLORS = { back = { 0.13, 0.13, 0.14 }, text = { 0.86, 0.86, 0.86 }, bar = { 0.30, 0.62, 0.55 },
  groove = { 0.22, 0.22, 0.24 }, failed = { 0.80, 0.36, 0.30 } }

local CROSS, CROSS_SIZE = 'x', 14 -- pixels
local LEFT_BUTTON = 1 -- bit in gfx.mouse_cap

local shown = {} -- the progress rows
local next_look = 0
local was_down = false
local cancel -- function that cancels a job

local function set_color(name)
  local color = COLORS[name]
  gfx.set(color[1], color[2], color[3], 1)
end

local function cross_left()
  return gfx.w - MARGIN - CROSS_SIZE
end

local function draw_row(row, top)
  local width = gfx.w - 2 * MARGIN
  set_color('text')
  gfx.x, gfx.y = MARGIN, top
  local line = row.overlay ~= '' and row.text .. ', ' .. row.overlay or row.text
  gfx.drawstr(line, 0, cross_left() - MARGIN, top + ROW)
  if row.open then
    gfx.x, gfx.y = cross_left(), top
    gfx.drawstr(CROSS, 0, gfx.w - MARGIN, top + ROW)
  end
  set_color('groove')
  gfx.rect(MARGIN, top + SIZE + BAR, width, BAR, 1)
  set_color(row.failed and 'failed' or 'bar')
  gfx.rect(MARGIN, top + SIZE + BAR, math.floor(width * row.progress), BAR, 1)
end

local function top_of(place)
  return MARGIN + (place - 1) * ROW
end

-- Cancels the job if its cross is clicked, once per press of the mouse button.
local function click()
  local down = gfx.mouse_cap & LEFT_BUTTON ~= 0
  local pressed = down and not was_down
  was_down = down
  if not pressed or gfx.mouse_x < cross_left() then return end
  for i, row in ipairs(shown) do
    local over = gfx.mouse_y >= top_of(i) and gfx.mouse_y < top_of(i) + SIZE
    if over and row.open then cancel(row.job_id) end
  end
end

local EMPTY = { text = 'No remixes yet.', overlay = '', progress = 0 }

local function draw()
  set_color('back')
  gfx.rect(0, 0, gfx.w, gfx.h, 1)
  gfx.setfont(1, FONT, SIZE)
  for i, row in ipairs(shown) do
    if top_of(i) + ROW <= gfx.h then draw_row(row, top_of(i)) end
  end
  if #shown == 0 then draw_row(EMPTY, MARGIN) end
  gfx.update()
end

local function tick()
  notice.step()
  local now = reaper.time_precise()
  if now >= next_look then
    next_look = now + INTERVAL
    shown = progress.rows(mail.outbox())
    draw()
  end
  click()
  local key = gfx.getchar()
  return key ~= ESCAPE and key ~= CLOSED
end

local function loop()
  local ok, goes_on = error_guard.run(tick)
  if ok and goes_on then reaper.defer(loop) end
end

-- Opens the window; `stop(job_id)` cancels a job.
function window.open(stop)
  cancel = stop
  reaper.set_action_options(TOGGLE | LIT)
  reaper.atexit(function()
    gfx.quit()
    reaper.set_action_options(DARK)
  end)
  gfx.init(TITLE, WIDTH, HEIGHT, FLOATING)
  loop()
end

return window
