-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- envelopes: InsertEnvelopePoint CountEnvelopePoints GetEnvelopePoint
reaper.InsertEnvelopePoint(envelope, 1, 0, 0, 0, false)
same(reaper.CountEnvelopePoints(envelope), 3)
local ok, time, value = reaper.GetEnvelopePoint(envelope, 1)
near(time, 1)
near(value, 0)

--- envelopes: Envelope_Evaluate 48000
near(select(2, reaper.Envelope_Evaluate(envelope, 1, 48000, 1)), 0.75)

--- envelopes: DeleteEnvelopePointRange CountEnvelopePoints
reaper.DeleteEnvelopePointRange(envelope, 1, 3)
same(reaper.CountEnvelopePoints(envelope), 1)

--- envelopes: GetEnvelopeName Envelope_GetParentTrack
same(select(2, reaper.GetEnvelopeName(envelope)), 'Volume')
same(reaper.Envelope_GetParentTrack(envelope), track)

--- envelopes: GetTrackEnvelopeByChunkName
same(reaper.GetTrackEnvelopeByChunkName(track, '<VOLENV2'), envelope)
same(reaper.GetTrackEnvelopeByChunkName(track, '<PANENV2'), nil)

--- envelopes: CountTrackEnvelopes GetTrackEnvelopeByName
same(reaper.CountTrackEnvelopes(track), 1)
same(reaper.GetTrackEnvelopeByName(track, 'Pan'), nil)

--- envelopes: InsertAutomationItem CountAutomationItems GetSetAutomationItemInfo D_LENGTH
same(reaper.InsertAutomationItem(envelope, -1, 4, 2), 0)
same(reaper.CountAutomationItems(envelope), 1)
reaper.GetSetAutomationItemInfo(envelope, 0, 'D_LENGTH', 3, true)
near(reaper.GetSetAutomationItemInfo(envelope, 0, 'D_LENGTH', 0, false), 3)

--- envelopes: GetEnvelopeStateChunk
local _, text = reaper.GetEnvelopeStateChunk(envelope, '', false)
assert(text:find('^<VOLENV2\n'))
