-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- markers: EnumProjectMarkers
local next, region, start, stop, name, number = reaper.EnumProjectMarkers(1)
same(next, 2)
assert(region)
near(start, 3)
near(stop, 6.5)
same(name, 'Part A')
same(number, 1)

--- markers: EnumProjectMarkers CountProjectMarkers
same(reaper.EnumProjectMarkers(3), 0)
local count, markers, regions = reaper.CountProjectMarkers(0)
same(count, 3)
same(markers, 2)
same(regions, 1)

--- markers: GetLastMarkerAndCurRegion
local marker, region = reaper.GetLastMarkerAndCurRegion(0, 5.5)
same(marker, 2)
same(region, 1)

--- markers: AddProjectMarker
same(reaper.AddProjectMarker(0, false, 9, 0, 'x', -1), 3)
same(reaper.AddProjectMarker(0, false, 9, 0, 'y', 7), 7)
same(reaper.AddProjectMarker(0, true, 9, 10, 'z', 1), 2)

--- markers: DeleteProjectMarker
assert(reaper.DeleteProjectMarker(0, 2, false))
assert(not reaper.DeleteProjectMarker(0, 2, false))

--- markers: DeleteProjectMarkerByIndex EnumProjectMarkers
assert(reaper.DeleteProjectMarkerByIndex(0, 0))
same(select(5, reaper.EnumProjectMarkers(0)), 'Part A')

--- markers: SetProjectMarker EnumProjectMarkers
assert(reaper.SetProjectMarker(2, false, 6, 0, 'Chorus'))
same(select(5, reaper.EnumProjectMarkers(2)), 'Chorus')
