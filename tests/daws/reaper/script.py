"""One run of a script, with its own Lua state, `reaper` table and deferred calls, and with restricted io and os."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lupa.lua54 import LuaRuntime

if TYPE_CHECKING:
    from tests.daws.reaper.host import Host

# REAPER always returns the same pointer for an object, so == works in Lua; `known` ensures this for Python objects.
PRELUDE = """
local call, key_of, refuse, may_touch, exists, windows, draw, send_udp, disk_is_full, real, house, names, compute,
  renames = ...
local COUNTED = 1000 -- instructions per call of the hook
local here = debug.getinfo(1, 'S').source -- what runs in this chunk belongs to the mock: a call's time is CALL
debug.sethook(function()
  if debug.getinfo(2, 'S').source ~= here then compute(COUNTED) end
end, '', COUNTED)

local known = setmetatable({}, { __mode = 'v' })

local function one(value)
  if type(value) ~= 'userdata' then return value end
  local key = key_of(value)
  if key == 0 then return value end
  known[key] = known[key] or value
  return known[key]
end

local function each(first, ...)
  if select('#', ...) == 0 then return one(first) end
  return one(first), each(...)
end

reaper = setmetatable({}, {
  __index = function(_, name)
    if not house then return nil end
    return function(...) return each(call(name, ...)) end
  end,
  __newindex = function(self, name, value)
    if house then refuse('reaper.' .. tostring(name) .. ' is written to') end
    rawset(self, name, value)
  end,
})

for name in (names or ''):gmatch('%S+') do -- scripts by others run through the functions with pairs
  reaper[name] = function(...) return each(call(name, ...)) end
end

gfx = setmetatable({ x = 0, y = 0, w = 0, h = 0, mouse_x = 0, mouse_y = 0, mouse_cap = 0 }, {
  __index = function(self, name)
    return function(...)
      if name == 'drawstr' then draw('at', self.x, self.y) end
      return draw(name, ...)
    end
  end,
  __newindex = function(_, name) refuse('gfx.' .. tostring(name) .. ' is written to') end,
})

for _, name in ipairs({ 'execute', 'exit', 'tmpname' }) do
  os[name] = function() refuse('os.' .. name .. ' blocks or leaves REAPER') end
end
io.popen = function() refuse('io.popen blocks REAPER') end
local open, rename, remove = io.open, os.rename, os.remove
if windows then package.config = package.config:gsub('^/', '\\\\') end
package.searchers[2] = function(name) -- as Lua's own, over paths that this machine does not have
  for template in package.path:gmatch('[^;]+') do
    local loaded = loadfile(real((template:gsub('%?', (name:gsub('%%', '%%%%'))))))
    if loaded then return loaded end
  end
  return 'no file for ' .. name
end
io.open = function(path, mode)
  if mode and mode:find('[wa+]') then
    if not may_touch(path) then refuse('writes outside the home: ' .. path) end
    local is_message = path:find('[/\\\\]inbox[/\\\\][^.][^/\\\\]*$')
    if is_message and renames(path) then refuse('the daemon may read a half-written ' .. path) end
    if disk_is_full() then
      local made = open(real(path), mode)
      if made then made:close() end
      return open('/dev/full', mode) -- there is a file, and nothing goes in
    end
  end
  return open(real(path), mode)
end
package.loaded['test.udp'] = send_udp
os.rename = function(from, to)
  if not may_touch(to) then refuse('renames outside the home: ' .. to) end
  if windows and exists(to) then return nil, 'File exists' end
  if not (renames(from) and renames(to)) then return nil, 'No such file or directory' end
  return rename(real(from), real(to))
end
os.remove = function(path)
  if not may_touch(path) then refuse('removes outside the home: ' .. path) end
  if not renames(path) then return nil, 'No such file or directory' end
  return remove(real(path))
end

if not house then -- scripts by others seed the random numbers with the time; the same run must have the same result
  math.randomseed(1)
  math.randomseed = function() end
  return
end
setmetatable(_G, {
  __newindex = function(_, name) refuse('the global ' .. tostring(name) .. ' is written') end,
  __index = function(_, name) refuse('the global ' .. tostring(name) .. ' is read') end,
})
"""


GFX = {  # gfx function → minimum and maximum number of arguments
    "init": (1, 6), "set": (3, 8), "rect": (4, 5), "setfont": (1, 4), "drawstr": (1, 4), "getchar": (0, 2),
    "update": (0, 0), "quit": (0, 0), "showmenu": (1, 1),
}  # fmt: skip


class Script:
    """A running script; the script ends when it has no deferred calls."""

    def __init__(self, host: Host, path: Path) -> None:
        self.host, self.path = host, path
        self.drawn: list[tuple[Any, ...]] = []
        self.deferred: list[Any] = []
        self.at_exit: list[Any] = []
        self.options = 0
        self.told_console = False
        self.made_point = False  # whether the script has ended an undo block of its own
        self.runtime = LuaRuntime(unpack_returned_tuples=True, attribute_filter=self._no_attribute)
        prelude = self.runtime.eval(f"function(...) {PRELUDE} end")
        windows = host.system.startswith("Win")
        prelude(
            host.call,
            _key_of,
            host.fail,
            _inside(host),
            lambda file: Path(host.paths.real(file)).exists(),
            windows,
            self.draw,
            lambda *args: host.send_udp(*args),
            lambda: host.disk_full,
            host.paths.real,
            host.rules.house,
            None if host.rules.house else " ".join(host.names()),
            host.compute,
            lambda path: host.rules.renames_any_path or not host.paths.is_windows or path.isascii(),
        )

    def _no_attribute(self, thing: Any, name: Any, is_setting: bool) -> Any:
        """Refuse `item.name`: in REAPER, an object is a pointer without fields."""
        self.host.fail(f"the field {name} of a {getattr(thing, 'kind', 'function')} is used")

    def draw(self, name: str, *args: Any) -> Any:
        """Check and execute a gfx call; each `update` makes everything drawn since the last `update` the picture."""
        if name == "at":
            self.drawn.append((name, *args))
            return None
        least, most = GFX.get(name, (1, 0))
        if not least <= len(args) <= most:
            self.host.fail(f"gfx has no {name} with {len(args)} arguments")
        if name == "init":
            gfx = self.runtime.globals().gfx
            gfx.w, gfx.h = args[1], args[2]
        if name == "showmenu":
            return self.host.show_menu(args[0])
        if name == "getchar":
            return self.host.keys.pop(0) if self.host.keys else 0
        if name == "update":
            self.host.picture, self.drawn = self.drawn, []
        else:
            self.drawn.append((name, *args))
        return None

    def point(self, x: int, y: int, buttons: int) -> None:
        """Set the mouse position and buttons in the script's gfx window."""
        gfx = self.runtime.globals().gfx
        gfx.mouse_x, gfx.mouse_y, gfx.mouse_cap = x, y, buttons

    def start(self) -> None:
        loaded = self.runtime.globals().loadfile(str(self.path))
        assert not isinstance(loaded, tuple), loaded[1]
        loaded()


def _key_of(value: Any) -> int:
    """Return the ID of one of the mock's objects; 0 for Lua's own values."""
    return id(value) if hasattr(value, "kind") else 0


def _inside(host: Host) -> Callable[[str], bool]:
    def inside(path: str) -> bool:
        real = Path(host.paths.real(path))
        return real.is_relative_to(host.home) or real.is_relative_to(host.resources)

    return inside
