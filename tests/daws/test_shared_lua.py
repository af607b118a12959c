"""Tests the Lua modules that REAPER and Ardour share, with the Lua versions of both DAWs: 5.4 and 5.3."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from bridge.installers.ardour import SHARED

LIB = Path(__file__).parents[2] / "reaper_scripts" / "lib"
VERSIONS = ("lua53", "lua54")  # the versions in Ardour and REAPER
ABSENT = "package, require, reaper, ARDOUR, rawget, rawset = nil"  # globals that are missing in at least one DAW

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
EDITS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 2), st.sampled_from('{}[]",:\\u0dE1-+.e \n\t\x00\x7fnä'))
)

VALID = [
    "[1.5,-3e2,0,-0,1E+2,1e-2,0.5,10]", '"\\u00e4\\ud83d\\ude00"', '"\\\\ud83d\\u0041"', '"\x7f\\u007f"', '"\\u0000"',
    " [ ] ", "{}", '{"a":{},"a":1}', '"\\/\\b\\f\\n\\r\\t\\"\\\\"', "true", "false", "null", "[null]", '"\\nabc"',
    "[[[[[[[[]]]]]]]]", '"ä\U0001f600"', '{"":0}', "\r\n\t 1",
]  # fmt: skip
INVALID = [
    "", " ", "01", "-01", "1.", "1.e5", ".5", "+1", "1e", "1e+", "-", "--1", "1.2.3", "1e2e3", "0x10", "1_0", "nan",
    "NaN", "Infinity", "True", "nul", "[1,]", "[,1]", "[1,,2]", "[1 2]", "[", "[1", "]", '{"a":1,}', "{a:1}", '{xa":1}',
    "{1:2}", '{"a" 1}', '{"a":', '{"a"}', "{", "{} {}", "[1,]x", '"a', "'a'", '"\\x"', '"\\u12"', '"\\u00G0"',
    '"\\uD83D\\u00"', '"\n"', '"\t"', '"\x00"', "\x0b1", "\u00a01", "\ufeff1", '"\\', "[" * 100_000,
]  # fmt: skip


class Lua:
    """A Lua state with the shared modules, without the globals that only one DAW has."""

    def __init__(self, version: str) -> None:
        runtime = importlib.import_module(f"lupa.{version}").LuaRuntime(unpack_returned_tuples=True, encoding=None)
        runtime.execute(ABSENT)
        for name in SHARED:
            runtime.globals()[name.removesuffix(".lua").encode()] = runtime.execute((LIB / name).read_bytes())
        self.run = runtime.execute
        self.decode = runtime.eval("function(text) local value, why = json.decode(text) return value ~= nil, why end")
        self.again = runtime.eval("function(text) return json.encode(json.decode(text)) end")


LUA = {version: Lua(version) for version in VERSIONS}


@pytest.fixture(params=VERSIONS)
def lua(request: pytest.FixtureRequest) -> Lua:
    return LUA[request.param]


def test_no_shared_module_calls_a_daw() -> None:
    for name in SHARED:
        code = re.sub(r"--[^\n]*", "", (LIB / name).read_text("utf-8"))
        assert not re.search(r"\b(reaper|ARDOUR|Session|require|package)\b", code), name


@pytest.mark.parametrize("text", VALID)
def test_valid_json_is_decoded_and_encoded(lua: Lua, text: str) -> None:
    assert json.loads(lua.again(text.encode())) == json.loads(text)


@pytest.mark.parametrize("text", INVALID, ids=lambda text: repr(text[:10]))
def test_invalid_json_is_refused_with_a_reason(lua: Lua, text: str) -> None:
    ok, why = lua.decode(text.encode())
    assert not ok
    assert b"JSON" in why


@pytest.mark.parametrize("version", VERSIONS)
@given(value=VALUES, is_ascii=st.booleans())
def test_every_value_survives(version: str, value: Any, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    assert json.loads(LUA[version].again(text.encode())) == value


@pytest.mark.parametrize("version", VERSIONS)
@given(value=VALUES, edits=EDITS)
def test_edited_json_is_accepted_exactly_where_python_accepts_it(version: str, value: Any, edits: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    for at, removed, inserted in edits:
        text = text[: at % (len(text) + 1)] + inserted + text[at % (len(text) + 1) + removed :]
    ok, _ = LUA[version].decode(text.encode())
    assert ok == _python_accepts(text), text


def _python_accepts(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError:
        return False
    return True


def _refuse(name: str) -> None:
    raise ValueError(name)


def test_empty_lists_and_empty_objects_differ(lua: Lua) -> None:
    said = lua.run(
        b"return json.encode({ list = json.list(), object = {}, null = json.null, [ [[plain]] ] = { 1, 2 } })"
    )
    assert said == b'{"list":[],"null":null,"object":{},"plain":[1,2]}'


@pytest.mark.parametrize("value", ["0/0", "math.huge", "-math.huge", "print", "{ [1.5] = 1 }", "deep"])
def test_values_without_json_raise_an_error(lua: Lua, value: str) -> None:
    lua.run(b"deep = {} for _ = 1, 1000 do deep = { a = deep } end")
    ok, why = lua.run(f"return pcall(json.encode, {value})".encode())
    assert not ok
    assert b"JSON" in why


@pytest.mark.parametrize("name", [b"old\xe4disk", b"\xed\xa0\x80", b"\xff\xc3\xa4", b"\xf4\x90\x80\x80", b"\xc3"])
def test_bytes_that_are_not_utf8_reach_the_daemon_and_come_back(lua: Lua, name: bytes) -> None:
    lua.run(b"function encoded(name) return json.encode({ path = name }) end")
    lua.run(b"function decoded(text) return json.decode(text).path end")
    text = lua.run(b"return encoded(...)", name)
    assert json.loads(text)["path"].encode("utf-8", "surrogateescape") == name
    assert lua.run(b"return decoded(...)", text) == name


def test_a_file_is_written_whole_or_not_at_all(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "message.json"
    write = b"return files.write(...)"
    assert lua.run(write, bytes(path), b"one") is True
    assert lua.run(write, bytes(path), b"two") is True
    assert lua.run(b"return files.read(...)", bytes(path)) == path.read_bytes() == b"two"
    assert [one.name for one in tmp_path.iterdir()] == ["message.json"]
    none, why = lua.run(write, bytes(tmp_path / "missing" / "a"), b"x")
    assert none is None
    assert b"missing" in why


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_reported_and_leaves_the_old_file(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "message.json"
    path.write_bytes(b"old")
    # A small file's content stays in the buffer until the file is closed, so the write error occurs in `close`.
    lua.run(
        b"disk = io.open io.open = function(path, mode) disk(path, mode):close() return disk('/dev/full', mode) end"
    )
    none, why = lua.run(b"local ok, why = files.write(...) io.open = disk return ok, why", bytes(path), b"new")
    assert none is None
    assert b"No space left" in why
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"old"]


HELD = b"""
    local path, refusals, seconds_per_call = ...
    local real = { open = io.open, rename = os.rename, remove = os.remove, clock = os.clock }
    local seconds, refused = 0, {}
    os.clock = function() return seconds end
    local function held(name, call)
      return function(...)
        refused[name] = (refused[name] or 0) + 1
        seconds = seconds + seconds_per_call
        if refused[name] <= refusals then return nil, 'Permission denied', 13 end
        return call(...)
      end
    end
    local content = {}
    io.open = held('open', function(where, mode)
      if mode == 'rb' and not content[where] then return nil, 'No such file', 2 end
      return {
        read = function() return content[where] end,
        write = function(_, text) content[where] = text return true end,
        close = function() return true end,
      }
    end)
    os.rename = held('rename', function(from, to)
      if content[to] then return nil, 'File exists', 17 end
      content[from], content[to] = nil, content[from]
      return true
    end)
    os.remove = held('remove', function(where) content[where] = nil return true end)
    content[path] = 'old'
    local done = files.write(path, 'new')
    local found = files.read(path)
    files.remove(path)
    io.open, os.rename, os.remove, os.clock = real.open, real.rename, real.remove, real.clock
    return done, found, content[path], seconds
"""


def test_on_windows_a_file_in_use_is_tried_again_for_a_moment(lua: Lua) -> None:
    assert lua.run(HELD, b"C:\\home\\facts.json", 3, 0.001)[:3] == (True, b"new", None)
    done, found, _, seconds = lua.run(HELD, b"C:\\home\\facts.json", 10_000, 0.001)
    assert (done, found) == (None, None)
    assert seconds < 1.0  # of simulated time; the DAW does not respond meanwhile
    assert lua.run(HELD, b"/home/facts.json", 1, 0.001)[0] is None  # other systems refuse for another reason


def test_a_wave_file_holds_its_samples(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    lua.run(
        b"""
        local path = ...
        local values = {}
        for i = 1, 2000 do values[i] = i / 4096 end
        local file = assert(wave.create(path, 44100, 2, 1500))
        assert(file:append(values, 2000) and file:append(values, 1000) and file:close())
        """,
        bytes(path),
    )
    samples, rate = soundfile.read(path, dtype="float32")
    ramp = [i / 4096 for i in range(1, 2001)]
    assert rate == 44_100
    assert samples.ravel().tolist() == ramp + ramp[:1000]
    assert soundfile.info(path).subtype == "FLOAT"


def test_a_wave_file_that_cannot_be_finished_is_removed(lua: Lua, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    lua.run(b"local f = wave.create(..., 44100, 1, 1) f:discard()", bytes(path))
    assert not path.exists()
    lua.run(b"local f = wave.create(..., 44100, 1, 1) f:close() f:discard()", bytes(path))
    assert not path.exists()
