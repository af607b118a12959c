-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- chunks: notes and a new take
local empty = reaper.AddMediaItemToTrack(track)
reaper.ULT_SetMediaItemNote(empty, 'two\nlines')
local _, text = reaper.GetItemStateChunk(empty, '', false)
assert(text:find('<NOTES\n|two\n|lines\n>', 1, true))
assert(reaper.SetItemStateChunk(empty, (text:gsub('>%s*$', 'NAME "a b"\n<SOURCE VIDEOEFFECT\n>\n>')), false))
same(reaper.ULT_GetMediaItemNote(empty), 'two\nlines')
same(reaper.GetTakeName(reaper.GetActiveTake(empty)), 'a b')
same(reaper.GetMediaSourceType(reaper.GetMediaItemTake_Source(reaper.GetActiveTake(empty))), 'VIDEOEFFECT')

--- chunks: GetItemStateChunk SetItemStateChunk GetMediaItemInfo_Value D_POSITION
local _, text = reaper.GetItemStateChunk(item, '', false)
assert(reaper.SetItemStateChunk(item, (text:gsub('POSITION 4', 'POSITION 3')), false))
near(reaper.GetMediaItemInfo_Value(item, 'D_POSITION'), 3)

--- chunks: GetItemStateChunk SetItemStateChunk
local _, text = reaper.GetItemStateChunk(item, '', false)
reaper.SetItemStateChunk(item, (text:gsub('>%s*$', '<TAKEFX\nBYPASS 0\n>\n>')), false)
assert(select(2, reaper.GetItemStateChunk(item, '', false)):find('<TAKEFX\nBYPASS 0\n>', 1, true))

--- chunks: SetItemStateChunk
assert(not reaper.SetItemStateChunk(item, '<TRACK\n>', false))

--- chunks: GetTrackStateChunk
assert(select(2, reaper.GetTrackStateChunk(track, '', false)):find('<TRACK', 1, true))
