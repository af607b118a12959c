-- Cases of test_reaper_functions.py: each part after a title runs on its own in a mock with the project of Scene.
-- In each case, `track` is the guitar's track, `item` its first item (4-6 s), `take` that item's take, and `envelope`
-- the track's first envelope. `near` compares numbers, and `same` compares anything.

--- view: SetEditCurPos GetCursorPosition MoveEditCursor
reaper.SetEditCurPos(2, true, false)
near(reaper.GetCursorPosition(), 2)
reaper.MoveEditCursor(-5, false)
near(reaper.GetCursorPosition(), 0)

--- view: GetSet_ArrangeView2
reaper.GetSet_ArrangeView2(0, true, 0, 0, 1, 9)
near(select(2, reaper.GetSet_ArrangeView2(0, false, 0, 0)), 9)

--- view: GetSet_ArrangeView2 in pixels
local start, stop = reaper.GetSet_ArrangeView2(0, false, 100, 101)
near(start, 5)
near(stop, 5.05)

--- view: ColorFromNative ColorToNative
local r, g, b = reaper.ColorFromNative(reaper.ColorToNative(1, 2, 3))
same(r, 1)
same(g, 2)
same(b, 3)

--- view: format_timestr parse_timestr
same(reaper.format_timestr(83.5, ''), '1:23.500')
near(reaper.parse_timestr('1:23.5'), 83.5)

--- view: parse_timestr_pos
near(reaper.parse_timestr_pos('2.3', 1), 3)
