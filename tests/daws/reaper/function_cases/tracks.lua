-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- tracks: CountTracks GetNumTracks
same(reaper.CountTracks(), 5)
same(reaper.GetNumTracks(), 5)

--- tracks: GetTrackName
same(select(2, reaper.GetTrackName(track)), 'Guitar')

--- tracks: InsertTrackAtIndex GetTrackName GetTrack
reaper.InsertTrackAtIndex(5, false)
same(select(2, reaper.GetTrackName(reaper.GetTrack(0, 5))), 'Track 6')

--- tracks: GetMasterTrack GetMediaTrackInfo_Value IP_TRACKNUMBER
local master = reaper.GetMasterTrack(0)
same(reaper.GetMediaTrackInfo_Value(master, 'IP_TRACKNUMBER'), -1)

--- tracks: ValidatePtr2 GetMasterTrack
assert(reaper.ValidatePtr2(0, reaper.GetMasterTrack(0), 'MediaTrack*'))

--- tracks: CountSelectedTracks GetSelectedTrack
same(reaper.CountSelectedTracks(0), 1)
same(reaper.GetSelectedTrack(0, 0), track)

--- tracks: SetTrackSelected GetMasterTrack CountSelectedTracks2
reaper.SetTrackSelected(reaper.GetMasterTrack(0), true)
same(reaper.CountSelectedTracks2(0, true), 2)
same(reaper.CountSelectedTracks(0), 1)
same(reaper.GetSelectedTrack2(0, 1, true), track)

--- tracks: SetOnlyTrackSelected GetTrack IsTrackSelected
reaper.SetOnlyTrackSelected(reaper.GetTrack(0, 0))
assert(not reaper.IsTrackSelected(track))

--- tracks: SetMediaTrackInfo_Value IsTrackVisible B_SHOWINMIXER
reaper.SetMediaTrackInfo_Value(track, 'B_SHOWINMIXER', 0)
assert(reaper.IsTrackVisible(track, false) and not reaper.IsTrackVisible(track, true))

--- tracks: GetTrack GetParentTrack GetTrackDepth
local kick = reaper.GetTrack(0, 1)
same(reaper.GetParentTrack(kick), reaper.GetTrack(0, 0))
same(reaper.GetTrackDepth(kick), 1)
same(reaper.GetTrackDepth(track), 0)
same(reaper.GetParentTrack(track), nil)

--- tracks: ReorderSelectedTracks GetTrack
assert(reaper.ReorderSelectedTracks(0, 0))
same(reaper.GetTrack(0, 0), track)

--- tracks: SetTrackColor GetTrackColor
reaper.SetTrackColor(track, 255)
same(reaper.GetTrackColor(track), 255 | 0x1000000)

--- tracks: SetMediaTrackInfo_Value GetMediaTrackInfo_Value D_PLAY_OFFSET
for _, key in ipairs { 'D_PLAY_OFFSET', 'I_PLAY_OFFSET_FLAG', 'C_BEATATTACHMODE', 'I_NCHAN', 'D_PANLAW', 'B_PHASE' } do
  assert(reaper.SetMediaTrackInfo_Value(track, key, 1))
  same(reaper.GetMediaTrackInfo_Value(track, key), 1)
end

--- tracks: SetMediaTrackInfo_Value SetMediaItemInfo_Value UpdateItemLanes I_FREEMODE
reaper.SetMediaTrackInfo_Value(track, 'I_FREEMODE', 2)
reaper.SetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES', 4)
reaper.SetMediaItemInfo_Value(item, 'I_FIXEDLANE', 1)
reaper.UpdateItemLanes(0)
same(reaper.GetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES'), 2)

--- tracks: SetMediaTrackInfo_Value GetMediaTrackInfo_Value I_FREEMODE
reaper.SetMediaTrackInfo_Value(track, 'I_FREEMODE', 2)
reaper.SetMediaTrackInfo_Value(track, 'I_NUMFIXEDLANES', 3)
reaper.SetMediaTrackInfo_Value(track, 'C_LANEPLAYS:1', 1)
same(reaper.GetMediaTrackInfo_Value(track, 'C_LANEPLAYS:0'), 0)

--- tracks: GetTrack CreateTrackSend SetTrackSendInfo_Value D_VOL
local bass = reaper.GetTrack(0, 4)
same(reaper.CreateTrackSend(track, bass), 0)
reaper.SetTrackSendInfo_Value(track, 0, 0, 'D_VOL', 0.5)
same(reaper.GetTrackSendInfo_Value(track, 0, 0, 'D_VOL'), 0.5)
same(reaper.GetTrackNumSends(bass, -1), 1)
assert(reaper.RemoveTrackSend(track, 0, 0))
same(reaper.GetTrackNumSends(track, 0), 0)

--- tracks: GetSetTrackGroupMembership
same(reaper.GetSetTrackGroupMembership(track, 'VOLUME_LEAD', 5, 4), 4)
same(reaper.GetSetTrackGroupMembership(track, 'VOLUME_LEAD', 0, 0), 4)

--- tracks: AnyTrackSolo I_SOLO
same(reaper.AnyTrackSolo(0), false)
reaper.SetMediaTrackInfo_Value(track, 'I_SOLO', 2)
same(reaper.AnyTrackSolo(0), true)
