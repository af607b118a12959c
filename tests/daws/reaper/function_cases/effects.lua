-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- effects: TrackFX_GetCount TrackFX_SetEnabled TrackFX_GetEnabled
same(reaper.TrackFX_GetCount(track), 2)
reaper.TrackFX_SetEnabled(track, 1, false)
assert(reaper.TrackFX_GetEnabled(track, 0) and not reaper.TrackFX_GetEnabled(track, 1))

--- effects: TrackFX_GetRecCount TrackFX_SetEnabled TrackFX_GetEnabled
same(reaper.TrackFX_GetRecCount(track), 1)
reaper.TrackFX_SetEnabled(track, 0x1000000, false)
assert(not reaper.TrackFX_GetEnabled(track, 0x1000000) and reaper.TrackFX_GetEnabled(track, 0))

--- effects: TrackFX_Delete TrackFX_GetCount
assert(reaper.TrackFX_Delete(track, 0))
same(reaper.TrackFX_GetCount(track), 1)
assert(not reaper.TrackFX_Delete(track, 5))

--- effects: TakeFX_SetEnabled TakeFX_GetEnabled TakeFX_GetFXName
reaper.TakeFX_SetEnabled(take, 0, false)
assert(not reaper.TakeFX_GetEnabled(take, 0))
assert(reaper.TakeFX_GetFXName(take, 0) and not reaper.TakeFX_GetFXName(take, 1))
assert(reaper.TakeFX_Delete(take, 0))
