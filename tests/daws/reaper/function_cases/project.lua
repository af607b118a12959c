-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- project: TimeMap_QNToTime TimeMap2_QNToTime Master_GetTempo
near(reaper.TimeMap_QNToTime(3), 1.5)
near(reaper.TimeMap2_QNToTime(0, 3), 1.5)
near(reaper.Master_GetTempo(), 120)

--- project: GetSetProjectGrid SnapToGrid
reaper.GetSetProjectGrid(0, true, 1 / 16)
local _, division = reaper.GetSetProjectGrid(0, false)
near(division, 1 / 16)
near(reaper.SnapToGrid(0, 1.07), 1.125)

--- project: GetSet_LoopTimeRange GetSet_LoopTimeRange2
reaper.GetSet_LoopTimeRange(true, false, 1, 2, false)
near(select(2, reaper.GetSet_LoopTimeRange2(0, false, false, 0, 0, false)), 2)

--- project: GetProjectLength FindTempoTimeSigMarker
near(reaper.GetProjectLength(0), 8)
same(reaper.FindTempoTimeSigMarker(0, 1), -1)

--- project: ValidatePtr2 ValidatePtr
assert(not reaper.ValidatePtr2(0, nil, 'MediaItem*'))
assert(reaper.ValidatePtr(item, 'MediaItem*'))

--- project: SetProjExtState GetProjExtState
same(reaper.SetProjExtState(0, 'a', 'b', 'c'), 1)
same(select(2, reaper.GetProjExtState(0, 'a', 'b')), 'c')

--- project: SetExtState HasExtState
reaper.SetExtState('a', 'b', 'c', false)
assert(reaper.HasExtState('a', 'b') and not reaper.HasExtState('a', 'c'))
