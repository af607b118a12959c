-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- items: C_LANEPLAYS and I_FIXEDLANE
reaper.SetMediaTrackInfo_Value(track, 'I_FREEMODE', 2)
reaper.SetMediaItemInfo_Value(item, 'I_FIXEDLANE', 1)
same(reaper.GetMediaItemInfo_Value(item, 'I_FIXEDLANE'), 0) -- the track has one lane
reaper.SetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES', 2)
reaper.SetMediaItemInfo_Value(item, 'I_FIXEDLANE', 1)
same(reaper.GetMediaItemInfo_Value(item, 'I_FIXEDLANE'), 1)
same(reaper.GetMediaItemInfo_Value(item, 'C_LANEPLAYS'), 2)
reaper.SetMediaTrackInfo_Value(track, 'C_LANEPLAYS:0', 1)
same(reaper.GetMediaItemInfo_Value(item, 'C_LANEPLAYS'), 0)
reaper.SetMediaItemInfo_Value(item, 'C_LANEPLAYS', 1)
same(reaper.GetMediaTrackInfo_Value(track, 'C_LANEPLAYS:0'), 0)

--- items: GetTrackMediaItem SetMediaItemInfo_Value GetMediaItemInfo_Value D_POSITION
local second = reaper.GetTrackMediaItem(track, 1)
reaper.SetMediaItemInfo_Value(second, 'D_POSITION', 1)
same(reaper.GetTrackMediaItem(track, 0), second)
same(reaper.GetMediaItemInfo_Value(second, 'IP_ITEMNUMBER'), 0)
same(reaper.GetMediaItemInfo_Value(item, 'IP_ITEMNUMBER'), 1)

--- items: SetMediaItemInfo_Value IsMediaItemSelected B_UISEL
reaper.SetMediaItemInfo_Value(item, 'B_UISEL', 0)
assert(not reaper.IsMediaItemSelected(item))

--- items: AddTakeToMediaItem SetMediaItemInfo_Value GetActiveTake I_CURTAKE
reaper.AddTakeToMediaItem(item)
assert(reaper.SetMediaItemInfo_Value(item, 'I_CURTAKE', 1))
assert(reaper.GetActiveTake(item) ~= take)
same(reaper.GetMediaItemInfo_Value(item, 'I_CURTAKE'), 1)
assert(not reaper.SetMediaItemInfo_Value(item, 'I_CURTAKE', 2))

--- items: GetMediaItemInfo_Value C_BEATATTACHMODE
same(reaper.GetMediaItemInfo_Value(item, 'C_BEATATTACHMODE'), -1)

--- items: SplitMediaItem GetMediaItemInfo_Value IsMediaItemSelected D_LENGTH
local right = reaper.SplitMediaItem(item, 5)
near(reaper.GetMediaItemInfo_Value(item, 'D_LENGTH'), 1)
near(reaper.GetMediaItemInfo_Value(right, 'D_POSITION'), 5)
assert(reaper.IsMediaItemSelected(right))
near(reaper.GetMediaItemTakeInfo_Value(reaper.GetActiveTake(right), 'D_STARTOFFS'), 1)
same(reaper.CountTrackMediaItems(track), 3)

--- items: SplitMediaItem
same(reaper.SplitMediaItem(item, 6), nil)

--- items: GetTrack MoveMediaItemToTrack GetMediaItemTrack
local bass = reaper.GetTrack(0, 4)
assert(reaper.MoveMediaItemToTrack(item, bass))
same(reaper.GetMediaItemTrack(item), bass)
assert(not reaper.MoveMediaItemToTrack(item, bass))

--- items: SelectAllMediaItems CountSelectedMediaItems
reaper.SelectAllMediaItems(0, true)
same(reaper.CountSelectedMediaItems(), 5)

--- items: GetItemFromPoint SetMediaItemInfo_Value C_LOCK
same(reaper.GetItemFromPoint(0, 0, true), item)
reaper.SetMediaItemInfo_Value(item, 'C_LOCK', 1)
same(reaper.GetItemFromPoint(0, 0, false), nil)

--- items: DeleteTrackMediaItem GetTrack
assert(not reaper.DeleteTrackMediaItem(reaper.GetTrack(0, 0), item))

--- items: GetDisplayedMediaItemColor GetTrackMediaItem GetTrack
same(reaper.GetDisplayedMediaItemColor(reaper.GetTrackMediaItem(reaper.GetTrack(0, 4), 0)), 255 | 0x1000000)

--- items: ApplyNudge GetMediaItemInfo_Value D_POSITION
reaper.ApplyNudge(0, 0, 0, 1, 0.5, true, 0)
near(reaper.GetMediaItemInfo_Value(item, 'D_POSITION'), 3.5)

--- items: ApplyNudge CountTrackMediaItems GetMediaItemInfo_Value D_POSITION
reaper.ApplyNudge(0, 0, 5, 1, 10, false, 2)
same(reaper.CountTrackMediaItems(track), 6)
near(reaper.GetMediaItemInfo_Value(reaper.GetTrackMediaItem(track, 5), 'D_POSITION'), 27)

--- items: F_FREEMODE_Y and F_FREEMODE_H on fixed lanes
same(reaper.GetMediaItemInfo_Value(item, 'F_FREEMODE_H'), 1)
reaper.SetMediaTrackInfo_Value(track, 'I_FREEMODE', 2)
reaper.SetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES', 4)
reaper.SetMediaItemInfo_Value(item, 'I_FIXEDLANE', 3)
near(reaper.GetMediaItemInfo_Value(item, 'F_FREEMODE_Y'), 0.75)
near(reaper.GetMediaItemInfo_Value(item, 'F_FREEMODE_H'), 0.25)
