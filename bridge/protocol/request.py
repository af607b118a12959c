"""What may be asked, as typed values: the inbox message and the arguments of a remix, protocol 1.

A DAW script writes JSON, this module turns it into frozen values or says in one sentence which key is wrong. Unknown
keys are ignored here and kept in the store, where the message stays as it came.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from bridge import PROTOCOL
from bridge.errors import MessageUnreadable, ProtocolUnsupported, RequestError
from bridge.presets.parameters import check
from bridge.util.validation import validate

COMMANDS = (
    "hello",
    "bye",
    "selection",
    "prepare",
    "remix",
    "cancel",
    "retry",
    "rerun",
    "nudge",
    "placed",
    "place_failed",
    "removed",
    "trouble",
)

Identifier = Annotated[  # becomes a file name: nothing else
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._-]{1,100}(?!\n)$",
        description='1 to 100 characters: letters without accents, digits, ".", "_" and "-"',
    ),
]
Seconds = Annotated[float, Meta(ge=0.0, le=1e7)]
Decibels = Annotated[float, Meta(ge=-150.0, le=150.0)]
FilePath = Annotated[str, Meta(min_length=1, max_length=4096)]


def _check_path(path: str) -> None:
    if "\0" in path:
        raise ValueError("a path has no zero byte")


class Message(Struct, frozen=True, kw_only=True):
    """One file in the inbox."""

    protocol: int
    message_id: Identifier
    command: Identifier
    instance: Identifier
    args: dict[str, Any] = {}


class _Sender(Struct):
    message_id: Identifier
    instance: Identifier


class DawInfo(Struct, frozen=True, kw_only=True):
    """The program that asks."""

    name: Identifier = "folder"
    version: str = ""


class Project(Struct, frozen=True, kw_only=True):
    """The DAW's project the clips belong to."""

    name: str = ""
    path: str | None = None  # the project file or its folder
    media_path: str | None = None  # where the project keeps its audio
    sample_rate: Annotated[int, Meta(ge=8000, le=768_000)] | None = None  # Hz; null: keep the model's
    tempo: Annotated[float, Meta(gt=0.0, le=1000.0)] | None = None  # BPM at the clip
    time_signature: tuple[Annotated[int, Meta(ge=1, le=128)], Annotated[int, Meta(ge=1, le=128)]] = (4, 4)

    def __post_init__(self) -> None:
        for path in (self.path, self.media_path):
            _check_path(path or "")


class Track(Struct, frozen=True, kw_only=True):
    """Where the clip lies."""

    id: str = ""
    name: str = ""
    index: int = 0
    color: int | str | None = None
    folder_depth: int = 0


class Slot(Struct, frozen=True, kw_only=True):
    """A session slot in Live."""

    track: int
    scene: int


class Grid(Struct, frozen=True, kw_only=True):
    """The beats over the clip and its handles, from the DAW's tempo map."""

    beats: tuple[float, ...]  # s from the clip's start; negative: in the handle before it
    downbeats: tuple[Annotated[int, Meta(ge=0)], ...] = ()  # indices into beats


class Source(Struct, frozen=True, kw_only=True):
    """A span of an audio file, and what the DAW does to it at item level."""

    path: FilePath
    path_right: FilePath | None = None  # the right side's file, where the two sides have a file each
    offset: Seconds = 0.0  # s into the file
    playrate: Annotated[float, Meta(ge=0.01, le=100.0)] = 1.0
    preserve_pitch: bool = True
    pitch: Annotated[float, Meta(ge=-120.0, le=120.0)] = 0.0  # semitones
    reverse: bool = False
    section: tuple[Seconds, Seconds] | None = None  # start, length in s of the part of the file that is played
    loop: bool = False
    channels: Literal["normal", "left", "right", "downmix", "swap"] = "normal"
    polarity: bool = False  # true: inverted
    pan: Annotated[float, Meta(ge=-1.0, le=1.0)] | None = None
    gain_db: Decibels = 0.0  # carried to the placed item, not baked in
    fade_in: Seconds = 0.0  # s; carried, as the next three
    fade_out: Seconds = 0.0
    fade_in_shape: int | str | None = None
    fade_out_shape: int | str | None = None
    warp: tuple[tuple[float, float], ...] | None = None  # beat, s of source from the offset on
    straighten: bool = False  # true: stretched along `warp`, so that its beats lie evenly over the clip's length

    def __post_init__(self) -> None:
        _check_path(self.path)
        _check_path(self.path_right or "")


class Rendered(Struct, frozen=True, kw_only=True):
    """A file that the DAW has rendered: what is heard, with handles."""

    path: FilePath
    handles: tuple[Seconds, Seconds] = (0.0, 0.0)

    def __post_init__(self) -> None:
        _check_path(self.path)


class Clip(Struct, frozen=True, kw_only=True):
    """One item or region: a span of audio with its place."""

    id: str
    name: str = ""
    track: Track = Track()
    where: Literal["arrangement", "session"] = "arrangement"
    slot: Slot | None = None
    position: Seconds | None = None  # s on the timeline
    length: Annotated[float, Meta(gt=0.0, le=1e6)] | None = None  # s on the timeline; null: to the end of the source
    position_beats: float | None = None
    grid: Grid | None = None
    source: Source | None = None
    rendered: Rendered | None = None
    loops: bool = False  # it is played over and over: the result's end has to meet its beginning
    ignored: tuple[str, ...] = ()  # what the script knows it could not carry

    def __post_init__(self) -> None:
        if (self.source is None) == (self.rendered is None):
            raise ValueError("a clip needs either `source` or `rendered`")

    @property
    def played(self) -> Source:
        """What is played of it: its span of a file, or what its DAW has rendered."""
        if self.source is not None:
            return self.source
        if self.rendered is None:  # one of the two is there, see above
            raise RequestError("A clip needs either `source` or `rendered`.")
        return Source(path=self.rendered.path, offset=self.rendered.handles[0])


class Remix(Struct, frozen=True, kw_only=True):
    """The arguments of a remix. The model's own inputs are further keys, which presets/parameters.py checks."""

    preset: str | None = None
    engine: str | None = None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    variations: Annotated[int, Meta(ge=1, le=16)] = 1
    amount: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None


class Placement(Struct, frozen=True, kw_only=True):
    """How the result is to stand in the DAW."""

    mode: Literal["new_track", "take", "lane"] = "new_track"
    source: Literal["mute", "keep"] = "keep"
    as_one: bool = False  # the clips are mixed and remixed as one; each needs position and length


class RemixArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `remix` and `prepare`."""

    request_id: str = ""
    daw: DawInfo = DawInfo()
    project: Project = Project()
    clips: Annotated[tuple[Clip, ...], Meta(min_length=1, max_length=500)]
    remix: dict[str, Any] = {}
    placement: Placement = Placement()
    confirmed: bool = False  # whoever asks has said what it costs, and a person has agreed

    @property
    def is_combined(self) -> bool:
        """Whether several clips are asked for as one."""
        return self.placement.as_one and len(self.clips) > 1

    @property
    def wanted(self) -> Remix:
        """The typed part of `remix`; the seed is one of the model's inputs, and is refused in their words."""
        return decode({**self.remix, **check({"seed": self.remix.get("seed")})}, Remix, "remix")


class HelloArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `hello`: a DAW process says that it is there."""

    daw: DawInfo = DawInfo()
    project: Project = Project()


class TargetArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `cancel`, `retry` and `rerun`: a job or one variation; neither means the newest job."""

    job_id: str | None = None
    variation_id: str | None = None
    again: bool = False  # retry of `unknown`: accepts that it may cost twice
    remix: dict[str, Any] = {}  # rerun: what is to be other than the first time
    confirmed: bool = False  # rerun: as in RemixArgs


class NudgeArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `nudge`: a finished result is moved, without a new remix."""

    variation_id: str | None = None  # the beginning of its id; none: of the newest job
    ms: Annotated[float, Meta(ge=-2000.0, le=2000.0)]  # above 0 later, below 0 earlier


class PlacedArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `placed`, `place_failed` and `removed`."""

    variation_id: str
    item: str = ""  # the id of what stands in the DAW now
    text: str = ""  # place_failed: why; placed: what there is to say about it
    by_hand: bool = False  # placed: this DAW cannot; its user was told where the file lies and takes it from there


class TroubleArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `trouble`: something went wrong inside a DAW's script; it goes to the log."""

    text: str = ""


T = TypeVar("T")


def parse(data: bytes) -> Message:
    """Read one inbox file.

    >>> parse(b'{"protocol": 1, "message_id": "m1", "command": "hello", "instance": "reaper-1"}').command
    'hello'

    Raises:
        RequestError: it is not JSON, or not a message.
        ProtocolUnsupported: it speaks another protocol.
    """
    try:
        raw = _json(data)
    except RecursionError as problem:
        raise MessageUnreadable("The message is nested too deeply.") from problem
    except ValueError as problem:
        what = str(problem).partition(" - at `$")[0].removeprefix("JSON is malformed: ").rstrip(".")
        raise MessageUnreadable(f"The message is not complete JSON: {what}.") from problem
    spoken = raw.get("protocol") if isinstance(raw, dict) else None
    if isinstance(spoken, int) and spoken != PROTOCOL:  # before its shape is judged by our rules
        raise ProtocolUnsupported(f"The message speaks protocol {spoken}, this bridge speaks {PROTOCOL}.")
    return decode(raw, Message)


def sender(data: bytes) -> tuple[str, str]:
    """Read message_id and instance of a message that cannot be taken in, as far as they are there.

    >>> sender(b'{"message_id": "m1", "instance": "reaper-1", "command": 3}'), sender(b"half a mess")
    (('m1', 'reaper-1'), ('', ''))
    """
    try:
        raw = _json(data)
        found = msgspec.convert({"message_id": raw["message_id"], "instance": raw["instance"]}, type=_Sender)
    except (ValueError, RecursionError, KeyError, TypeError):
        return "", ""
    return found.message_id, found.instance


def _json(data: bytes) -> Any:
    """Read JSON; half a surrogate pair in it is how a path that is no UTF-8 is written, which msgspec refuses.

    Raises:
        ValueError: it is no JSON, NaN and infinity included.
    """
    try:
        return msgspec.json.decode(data)
    except msgspec.ValidationError:  # a number that no float holds
        raise
    except msgspec.DecodeError:
        if b"\\ud" not in data.lower():
            raise
        return json.loads(data, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def decode(args: Any, kind: type[T], where: str = "") -> T:
    """Turn JSON arguments into `kind`.

    >>> decode({"ms": -12.5}, NudgeArgs).ms
    -12.5

    Raises:
        RequestError: a key is missing, out of range or of the wrong type; the text names it.
    """
    return validate(args, kind, where, RequestError)
