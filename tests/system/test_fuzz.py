"""Fuzzes messages, presets and sound file headers: reading them returns a value or raises BridgeError, nothing else.

osc/test_osc_packet.py and osc/test_osc_hostile.py fuzz OSC packets, and engines/test_fal_errors.py fuzzes fal's
replies. benchmarks/fuzz.py sends a million packets and measures stalls and memory.
"""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bridge.audio.container import extent
from bridge.errors import ClipError, PresetInvalid, RequestError, ResultError, SourceTruncated
from bridge.presets.preset import load
from bridge.protocol import request
from bridge.workers.tasks.probe import probe
from bridge.workers.tasks.render import render

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
MESSAGE: dict[str, Any] = {
    "protocol": 1,
    "message_id": "m-1",
    "command": "remix",
    "instance": "i-1",
    "args": {
        "daw": {"name": "reaper", "version": "7.60"},
        "project": {"name": "Song", "path": None, "sample_rate": 48_000, "tempo": 120.0, "time_signature": [4, 4]},
        "clips": [
            {
                "id": "c-1",
                "name": "Take",
                "track": {"id": "t", "name": "Gtr", "index": 0, "color": None, "folder_depth": 0},
                "position": 1.0,
                "length": 2.0,
                "grid": {"beats": [0.0, 0.5, 1.0], "downbeats": [0]},
                "source": {"path": "/a.wav", "offset": 0.5, "playrate": 1.0, "section": [0.0, 1.0], "warp": [[0, 0.0]]},
                "ignored": ["an envelope"],
            }
        ],
        "remix": {"preset": "lofi-chill", "tags": "dub", "seed": 7, "variations": 2},
        "placement": {"mode": "new_track", "source": "mute", "as_one": False},
    },
}


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the key path of every value in a message."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, one in inner for place in places(one, (*here, key)))]


@st.composite
def spoilt_messages(draw: st.DrawFn) -> bytes:
    """Draw a valid message with up to three values replaced by arbitrary values."""
    message = json.loads(json.dumps(MESSAGE))
    for place in draw(st.lists(st.sampled_from(places(MESSAGE)[1:]), max_size=3)):
        target = message
        try:
            for key in place[:-1]:
                target = target[key]
            target[place[-1]] = draw(ANY)
        except (TypeError, KeyError, IndexError):
            continue  # an earlier replacement removed this value
    return json.dumps(message).encode()


def taken(data: bytes) -> None:
    """Parse a message as the message handler does."""
    said = "taken"
    try:
        message = request.parse(data)
        request.decode(message.args, request.RemixArgs)
    except RequestError as error:
        said = error.text
    assert 0 < len(said.strip()) < 2000


def test_the_unmodified_message_is_valid() -> None:
    request.decode(request.parse(json.dumps(MESSAGE).encode()).args, request.RemixArgs)


@given(spoilt_messages())
@settings(max_examples=300, deadline=None)
def test_a_message_with_any_value_anywhere(data: bytes) -> None:
    taken(data)


@given(st.binary(max_size=400) | ANY.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=200, deadline=None)
@example(b'{"a":' * 5000)
@example(b"[" * 100_000)
@example(b'{"protocol": 1e999}')
@example(b'{"protocol": 1, "message_id": "\\ud800"}')
def test_any_bytes_as_a_message(data: bytes) -> None:
    taken(data)


PRESET = (
    'title = "T"\ndescription = "D"\ntags = "dub, deep bass"\nfamily = "dub"\n[parameters]\nguidance_scale = 15.0\n'
)


@given(
    lines=st.lists(
        st.sampled_from(PRESET.splitlines())
        | st.text(max_size=30)
        | st.builds(
            lambda key, value: f"{key} = {value}",
            st.sampled_from(["title", "tags", "lyrics", "family", "amount", "edit_mode", "number_of_steps", "x"]),
            st.sampled_from(["1", "nan", "-1e400", "[]", "{}", '""', "true", "1979-05-27", "'''", '"\\u0000"']),
        ),
        max_size=8,
    )
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_lines_as_a_preset(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    try:
        load(path)
    except PresetInvalid as error:
        assert "mine.toml" in error.text  # noqa: PT017 - a valid preset is fine too


@given(st.binary(max_size=300))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_bytes_as_a_preset(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(data)
    with pytest.raises(PresetInvalid):
        load(path)


@cache
def sound_file(kind: str, subtype: str) -> bytes:
    """Return a sound file of this format with 0.2 s of stereo noise."""
    out = BytesIO()
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (9_600, 2))
    soundfile.write(out, noise, 48_000, format=kind, subtype=subtype)
    return out.getvalue()


KINDS = (
    ("WAV", "PCM_24"),
    ("RF64", "FLOAT"),
    ("W64", "PCM_16"),
    ("AIFF", "PCM_24"),
    ("CAF", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("AU", "PCM_16"),
    ("MP3", "MPEG_LAYER_III"),
    ("OGG", "VORBIS"),
)


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
@given(
    changes=st.lists(st.tuples(st.integers(0, 199), st.sampled_from([0, 1, 127, 128, 255])), min_size=1, max_size=6),
    length=st.integers(0, 20_000) | st.just(10**9),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_header_of_a_sound_file(
    tmp_path: Path, kind: str, subtype: str, changes: list[tuple[int, int]], length: int
) -> None:
    """Change header bytes and cut the file short; then `render` reads it as a source and `probe` as a result."""
    data = bytearray(sound_file(kind, subtype))
    for place, value in changes:
        data[place] = value
    path = tmp_path / f"x.{kind.lower()}"
    path.write_bytes(data[:length])
    args = {"source": {"path": str(path)}, "length": 0.2, "handles": [0.0, 0.0], "into": str(tmp_path / "o.flac")}
    try:
        answer = render({**args, "highest_rate": 48_000}, lambda share: None)
    except (ClipError, RequestError, SourceTruncated):
        pass
    else:
        assert answer["frames"] == round(0.2 * answer["sample_rate"])
        assert (tmp_path / "o.flac").exists()
    try:
        found = probe({"path": str(path), "seconds": 0.2}, lambda share: None)
    except ResultError:
        pass
    else:
        assert found["frames"] > 0
    assert not [one for one in tmp_path.iterdir() if one.name not in (path.name, "o.flac")], "no scratch is left"


@pytest.mark.parametrize(("kind", "subtype", "at"), [("W64", "PCM_16", 56), ("CAF", "PCM_16", 12)])
def test_a_chunk_that_ends_beyond_any_seekable_position(tmp_path: Path, kind: str, subtype: str, at: int) -> None:
    """The first chunk's 64-bit size places the next chunk at an offset that no file can have."""
    data = bytearray(sound_file(kind, subtype))
    data[at : at + 8] = b"\x7f" + b"\xff" * 7 if kind == "CAF" else b"\xff" * 7 + b"\x7f"
    assert extent(BytesIO(data)) is None
    path = tmp_path / f"x.{kind.lower()}"
    path.write_bytes(data)
    with path.open("rb") as stream:
        assert extent(stream) is None


def test_a_header_with_one_sample_per_second(tmp_path: Path) -> None:
    data = bytearray(sound_file("AIFF", "PCM_24"))
    data[28] = 0  # part of the sample rate's exponent; test_any_header_of_a_sound_file found this case
    path = tmp_path / "x.aiff"
    path.write_bytes(data)
    args = {"source": {"path": str(path)}, "length": 0.2, "handles": [0.0, 0.0], "into": str(tmp_path / "o.flac")}
    with pytest.raises(ClipError, match="a sample rate of 1 Hz"):
        render({**args, "highest_rate": 48_000}, lambda share: None)
