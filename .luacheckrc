-- The ReaScripts: REAPER's Lua 5.4, two tables of REAPER's, no global of our own.
std = "lua54"
read_globals = { "reaper", "gfx" }
max_line_length = 120
