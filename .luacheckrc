-- The ReaScripts: REAPER's Lua 5.4, two tables of REAPER's, no global of our own.
std = "lua54"
read_globals = {
  reaper = { other_fields = true },
  gfx = { fields = { x = { read_only = false }, y = { read_only = false } }, other_fields = true },
}
max_line_length = 120
