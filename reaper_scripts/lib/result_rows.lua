-- Result rows: the dialog's rows for results in the project: those of its requests, and all of the selected clip. Each
-- has buttons. A row is {text, variation, clips}. The rows come from the project, because the daemon's outbox soon
-- forgets finished jobs.

local notes = require 'notes'
local objects = require 'objects'
local results = require 'results'

local result_rows = {}

local ALL_CLIPS = 'One more of all %d clips' -- label of the button "more" for a request of several clips
local BUTTONS = { -- {name, label, help}
  { 'audition', 'Audition', 'Plays this remix through the bridge, outside the project.' },
  { 'swap', 'Swap', 'Mutes the source and unmutes this remix, or vice versa.' },
  { 'more', 'One more like it', 'Remixes again with the same settings and a new seed. This costs one variation.' },
  { 'keep', 'Keep this one', 'Removes the other variations of this clip from the project, in one undo point.' },
}

local rows = {}
local seen -- what the rows were made from

-- Returns how many clips a request remixes separately.
local function clips_of(message_id)
  local note = message_id and notes.load(message_id)
  if not note or note.mix then return 1 end
  local count = 0
  for _ in pairs(note.clips) do count = count + 1 end
  return count
end

local function row_of(one)
  local take = one.take or reaper.GetActiveTake(one.item)
  local name, _ = 'remix', nil
  if take then _, name = reaper.GetSetMediaItemTakeInfo_String(take, 'P_NAME', '', false) end
  return { text = ('%s, seed %s'):format(name, one.seed), variation = one.variation, clips = clips_of(one.request) }
end

local function read(project, requests, source)
  local found, listed = {}, {}
  for item in objects.items(project) do
    local one = results.of(item)
    if one and (requests[one.request] or one.source == source) and not listed[one.variation] then
      listed[one.variation] = true -- a result whose source was split has several items
      found[#found + 1] = row_of(one)
    end
  end
  return found
end

-- Returns the rows of the requests in the list `submitted` and of `item`, a source, a result or nil. Reads the project
-- only if something has changed, because a large project has thousands of items.
function result_rows.of(project, submitted, item)
  local guid = item and objects.item_guid(item) or ''
  local now = ('%s %d %d %s'):format(project, reaper.GetProjectStateChangeCount(project), #submitted, guid)
  if now == seen then return rows end
  local requests = {}
  for _, id in ipairs(submitted) do requests[id] = true end
  local own = item and results.of(item)
  seen, rows = now, read(project, requests, own and own.source or guid)
  return rows
end

local function label_of(button, row)
  if button[1] == 'more' and row.clips > 1 then return ALL_CLIPS:format(row.clips) end
  return button[2]
end

-- Draws the rows. Returns the name of the clicked button and its row, or nil. ReaImGui identifies a button by the text
-- after ###.
function result_rows.draw(ImGui, context)
  local pressed, of_row
  for _, row in ipairs(rows) do
    ImGui.TextWrapped(context, row.text)
    for i, button in ipairs(BUTTONS) do
      if i > 1 then ImGui.SameLine(context) end
      if ImGui.SmallButton(context, ('%s###%s %s'):format(label_of(button, row), button[1], row.variation)) then
        pressed, of_row = button[1], row
      end
      if ImGui.IsItemHovered(context) then ImGui.SetTooltip(context, button[3]) end
    end
  end
  return pressed, of_row
end

return result_rows
