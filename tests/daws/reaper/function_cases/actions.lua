-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- actions: 40108
reaper.Main_OnCommand(40108, 0)
near(reaper.NF_GetMediaItemMaxPeak(item), 0)

--- actions: an unknown name is no action
same(reaper.NamedCommandLookup('_MY_ACTION'), 0)
reaper.Main_OnCommand(0, 0)

--- actions: Main_OnCommand CountSelectedTracks 40297
reaper.Main_OnCommand(40297, 0)
same(reaper.CountSelectedTracks(0), 0)

--- actions: Main_OnCommand NamedCommandLookup CountSelectedMediaItems 40289
reaper.Main_OnCommand(reaper.NamedCommandLookup('40289'), 0)
same(reaper.CountSelectedMediaItems(0), 0)

--- actions: Main_OnCommand GetMediaItemTake_Source GetActiveTake 41051
reaper.Main_OnCommand(41051, 0)
local source = reaper.GetMediaItemTake_Source(reaper.GetActiveTake(item))
same(reaper.GetMediaSourceType(source), 'SECTION')
reaper.Main_OnCommand(41051, 0)
same(reaper.GetMediaSourceType(reaper.GetMediaItemTake_Source(take)), 'WAVE')

--- actions: Main_OnCommand GetMediaItemInfo_Value D_LENGTH 40612
reaper.Main_OnCommand(40612, 0)
near(reaper.GetMediaItemInfo_Value(item, 'D_LENGTH'), 3)

--- actions: Main_OnCommand CountTrackMediaItems 40142
reaper.Main_OnCommand(40914, 0)
same(reaper.GetLastTouchedTrack(), track)
reaper.Main_OnCommand(40142, 0)
same(reaper.CountTrackMediaItems(track), 3)

--- actions: Main_OnCommand GetMediaItemInfo_Value I_GROUPID 40032
reaper.Main_OnCommand(40032, 0)
assert(reaper.GetMediaItemInfo_Value(item, 'I_GROUPID') > 0)

--- actions: Main_OnCommand CountTrackMediaItems 40006
reaper.Main_OnCommand(40006, 0)
same(reaper.CountTrackMediaItems(track), 0)
