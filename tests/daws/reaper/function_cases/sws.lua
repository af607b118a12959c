-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- sws: ULT_GetMediaItemNote ULT_SetMediaItemNote GetSetMediaItemInfo_String P_NOTES
same(reaper.ULT_GetMediaItemNote(item), 'first note')
reaper.ULT_SetMediaItemNote(item, 'x')
same(select(2, reaper.GetSetMediaItemInfo_String(item, 'P_NOTES', '', false)), 'x')

--- sws: BR_GetMediaItemByGUID BR_GetMediaItemGUID
same(reaper.BR_GetMediaItemByGUID(0, reaper.BR_GetMediaItemGUID(item)), item)

--- sws: BR_ItemAtMouseCursor
local found, time = reaper.BR_ItemAtMouseCursor()
same(found, item)
near(time, 5)

--- sws: NF_GetMediaItemMaxPeak NF_GetMediaItemAverageRMS
assert(reaper.NF_GetMediaItemMaxPeak(item) > reaper.NF_GetMediaItemAverageRMS(item))
