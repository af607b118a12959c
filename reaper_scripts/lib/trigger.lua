-- Trigger: what the user did to run an action, and whether a held key only repeats its last run.
-- A system repeats a held key up to 30 times a second, and REAPER runs the key's action each time.

local json = require 'json'
local objects = require 'objects'
local state = require 'state'

local trigger = { DIALOG = 'dialog', OSC = 'osc' }

local KEY, MENU = 'key', 'menu'
local WINDOW = 2.0 -- seconds since the last run within which the same request is a repeat, as in the daemon

-- Beginnings of the context that get_action_context returns → what sent the action. Mouse wheels and multimedia keys
-- repeat like keys. Menus, toolbars and the action list have no context.
local KINDS = { midi = 'pad', osc = 'osc', key = KEY, wheel = KEY, hwheel = KEY, mediakbd = KEY }

-- Returns what ran this action: "key", "pad", "osc" or "menu".
function trigger.kind()
  local context = select(8, reaper.get_action_context())
  return KINDS[context:match('^(%a+):') or ''] or MENU
end

-- Returns a text that is the same for the same ranges and choices.
function trigger.signature(ranges, choices)
  local parts = { json.encode(choices) }
  for _, range in ipairs(ranges) do
    parts[#parts + 1] = ('%s %.6f %.6f'):format(objects.item_guid(range.item), range.from, range.to)
  end
  return table.concat(parts, '\n')
end

-- Returns true if a key, a pad or OSC asks for the same thing again within WINDOW. Remembers what is asked for, so that
-- a held key asks once, however long the user holds it. Menus and dialogs never repeat.
function trigger.repeats(kind, what)
  if kind == MENU or kind == trigger.DIALOG then return false end
  local now, last = reaper.time_precise(), state.get('asked')
  state.set('asked', { what = what, at = now })
  return last ~= nil and last.what == what and now - last.at < WINDOW
end

-- Starts the window again, because a box was open: the key presses of that time arrive when it closes.
function trigger.box_was_open()
  local last = state.get('asked')
  if last then state.set('asked', { what = last.what, at = reaper.time_precise() }) end
end

return trigger
