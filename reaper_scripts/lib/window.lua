-- Window: the remixes of this REAPER with their progress. It can be closed at any time; the service goes on without it.

local json = require 'json'
local mail = require 'mail'
local trap = require 'trap'

local window = {}

local TITLE = 'ACE Bridge: remixes'
local WIDTH, HEIGHT, FLOATING = 460, 260, 0
local MARGIN, ROW, BAR = 12, 40, 6 -- pixels
local FONT, SIZE = 'Arial', 14
local ESCAPE, CLOSED = 27, -1 -- of gfx.getchar
local INTERVAL = 0.2 -- s between two looks at the outbox
local TOGGLE, LIT, DARK = 1, 4, 8 -- of set_action_options: a second press closes the window
local COLORS = { back = { 0.13, 0.13, 0.14 }, text = { 0.86, 0.86, 0.86 }, bar = { 0.30, 0.62, 0.55 },
  groove = { 0.22, 0.22, 0.24 }, failed = { 0.80, 0.36, 0.30 } }

local shown = {} -- {text, progress, color}
local next_look = 0

local function set_color(name)
  local color = COLORS[name]
  gfx.set(color[1], color[2], color[3], 1)
end

local function row_of(variation)
  local text = json.maybe(variation.message) or ''
  local queue = json.maybe(variation.queue_position)
  if queue then text = ('%d before it'):format(queue) end
  local error = json.maybe(variation.error)
  if error then text = error.text end
  return {
    text = ('%s  %s'):format(variation.state, text),
    progress = variation.state == 'done' and 1 or variation.progress,
    color = error and 'failed' or 'bar',
  }
end

-- The newest first, as many as there is room for.
local function look()
  local outbox, rows = mail.outbox(), {}
  local jobs = outbox and outbox.jobs or {}
  for i = #jobs, 1, -1 do
    for _, variation in ipairs(jobs[i].variations) do rows[#rows + 1] = row_of(variation) end
  end
  shown = rows
end

local function draw_row(row, top)
  local width = gfx.w - 2 * MARGIN
  set_color('text')
  gfx.x, gfx.y = MARGIN, top
  gfx.drawstr(row.text, 0, gfx.w - MARGIN, top + ROW)
  set_color('groove')
  gfx.rect(MARGIN, top + SIZE + BAR, width, BAR, 1)
  set_color(row.color)
  gfx.rect(MARGIN, top + SIZE + BAR, math.floor(width * row.progress), BAR, 1)
end

local function draw()
  set_color('back')
  gfx.rect(0, 0, gfx.w, gfx.h, 1)
  gfx.setfont(1, FONT, SIZE)
  for i, row in ipairs(shown) do
    local top = MARGIN + (i - 1) * ROW
    if top + ROW <= gfx.h then draw_row(row, top) end
  end
  if #shown == 0 then draw_row({ text = 'No remixes of this REAPER yet.', progress = 0, color = 'bar' }, MARGIN) end
  gfx.update()
end

local function tick()
  local now = reaper.time_precise()
  if now >= next_look then
    next_look = now + INTERVAL
    look()
    draw()
  end
  local key = gfx.getchar()
  return key ~= ESCAPE and key ~= CLOSED
end

local function loop()
  local ok, goes_on = trap.run(tick)
  if ok and goes_on then reaper.defer(loop) end
end

function window.open()
  reaper.set_action_options(TOGGLE | LIT)
  reaper.atexit(function()
    gfx.quit()
    reaper.set_action_options(DARK)
  end)
  gfx.init(TITLE, WIDTH, HEIGHT, FLOATING)
  loop()
end

return window
