-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- takes: GetTakeName GetMediaItemTake
same(reaper.GetTakeName(take), 'riff')
same(reaper.GetMediaItemTake(item, -1), take)

--- takes: GetSetMediaItemTakeInfo_String GetMediaItemTakeByGUID
local _, id = reaper.GetSetMediaItemTakeInfo_String(take, 'GUID', '', false)
same(reaper.GetMediaItemTakeByGUID(0, id), take)

--- takes: GetMediaItemTake_Item GetMediaItemTake_Track
same(reaper.GetMediaItemTake_Item(take), item)
same(reaper.GetMediaItemTake_Track(take), track)

--- takes: SetTakeMarker GetNumTakeMarkers GetTakeMarker
same(reaper.SetTakeMarker(take, -1, 'b', 2) + reaper.SetTakeMarker(take, -1, 'a', 1), 0)
same(reaper.GetNumTakeMarkers(take), 2)
local at, name = reaper.GetTakeMarker(take, 0)
near(at, 1)
same(name, 'a')
reaper.SetTakeMarker(take, 0, 'c')
same(select(2, reaper.GetTakeMarker(take, 0)), 'c')
assert(reaper.DeleteTakeMarker(take, 0))
near(reaper.GetTakeMarker(take, 0), 2)
near(reaper.GetTakeMarker(take, 9), -1)

--- takes: AddTakeToMediaItem GetMediaItemTake_Source SetMediaItemTake_Source
local other = reaper.AddTakeToMediaItem(item)
local source = reaper.GetMediaItemTake_Source(take)
reaper.SetMediaItemTake_Source(other, source)
assert(reaper.GetMediaItemTake_Source(other) ~= source)

--- takes: PCM_Source_CreateFromFile GetMediaSourceFileName GetMediaItemTake_Source
local fresh = reaper.PCM_Source_CreateFromFile(reaper.GetMediaSourceFileName(reaper.GetMediaItemTake_Source(take)))
reaper.SetMediaItemTake_Source(take, fresh)
same(reaper.GetMediaItemTake_Source(take), fresh)

--- takes: new_array
local a = reaper.new_array({ 1, 2, 3 })
same(a[2], 2)
a[2] = 5
same(a.table()[2], 5) a.clear()
same(a[2], 0)
same(a.get_alloc(), 3)
