-- ReaScripts run in Lua 5.4 with the globals `reaper` and `gfx`. They define none themselves.
std = "lua54"
read_globals = {
  reaper = { other_fields = true },
  gfx = { fields = { x = { read_only = false }, y = { read_only = false } }, other_fields = true },
}
max_line_length = 120
