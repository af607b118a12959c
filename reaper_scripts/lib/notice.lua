-- Notice: short messages that interrupt nothing, in REAPER's status bar and in a tooltip at the mouse pointer.

local notice = {}

local NAME = 'ACE Bridge: '
local KEEP, ON_TOP = false, true -- arguments of Help_Set and TrackCtl_SetToolTip
local PLAYS_OR_RECORDS = 1 | 4 -- bits of GetPlayStateEx
local BRIEF, LONG = 5.0, 10.0 -- seconds for which a warning and a message are shown

local in_bar -- text in the status bar
local waiting, told -- texts for the status bar: why results wait, and the last message, which has priority
local warned -- text of the last warning
local hide_at -- time at which the tooltip is hidden; nil if none is shown

local function show_in_bar()
  local text = told or waiting
  if text == in_bar then return end
  in_bar = text
  reaper.Help_Set(text and NAME .. text or '', KEEP)
end

local function hide()
  if hide_at then reaper.TrackCtl_SetToolTip('', 0, 0, ON_TOP) end
  hide_at, told = nil, nil
  show_in_bar()
end

-- Shows a tooltip. The text may be read as a format, so it contains no ASCII percent sign.
local function show_tooltip(text, seconds)
  local x, y = reaper.GetMousePosition()
  reaper.TrackCtl_SetToolTip(NAME .. text:gsub('%%', '％'), x, y, ON_TOP)
  hide_at = reaper.time_precise() + seconds
end

-- Shows a text in the status bar, or removes it if `text` is nil.
function notice.status(text)
  waiting = text
  show_in_bar()
end

-- Hides a tooltip whose time is over. Call this regularly while a text is shown.
function notice.step()
  if hide_at and reaper.time_precise() > hide_at then hide() end
end

-- Shows a warning in a tooltip, once while the warning stays the same. Removes the warning if `text` is nil. Call this
-- regularly.
function notice.warn(text)
  if text == warned then return notice.step() end
  warned = text
  if not told then hide() end
  if text then show_tooltip(text, BRIEF) end
end

-- Shows a message for LONG seconds.
function notice.tell(text)
  told = text:gsub('%s*\n%s*', ' ')
  show_in_bar()
  show_tooltip(text, LONG)
end

-- Returns whether a message is shown.
function notice.tells()
  return told ~= nil
end

local function wait()
  notice.step()
  if told then reaper.defer(wait) end
end

-- Keeps a script running until the user has had time to read its message. Only for scripts that have no loop of their
-- own.
function notice.linger()
  if not told then return end
  reaper.atexit(notice.clear)
  wait()
end

function notice.clear()
  notice.status(nil)
  warned = nil
  hide()
end

-- Returns whether a project plays or records. A message box would then come between the user and the transport.
function notice.must_be_quiet()
  local i, project = 0, reaper.EnumProjects(0)
  while project do
    if reaper.GetPlayStateEx(project) & PLAYS_OR_RECORDS ~= 0 then return true end
    i = i + 1
    project = reaper.EnumProjects(i)
  end
  return false
end

return notice
