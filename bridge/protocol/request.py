"""The inbox message and its arguments as typed values, for protocol 1.

DAW scripts write JSON. This module converts it to frozen values, or raises an error that names the invalid key.
Unknown keys are ignored here, but the store keeps the original message.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from bridge import PROTOCOL
from bridge.errors import MessageUnreadable, ProtocolUnsupported, RequestError
from bridge.presets.parameters import check
from bridge.protocol import json_text
from bridge.util.suggest import nearest
from bridge.util.validation import bare, show, validate

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

Identifier = Annotated[  # limited to these characters, because it becomes a file name
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._-]{1,100}(?!\n)$",
        description='1 to 100 characters: letters without accents, digits, ".", "_" and "-"',
    ),
]
Seconds = Annotated[float, Meta(ge=0.0, le=1e7)]
Decibels = Annotated[float, Meta(ge=-150.0, le=150.0)]
Trigger = Literal["key", "pad", "osc", "menu", "dialog", "script"]  # what the user or a program did to send a request
FilePath = Annotated[str, Meta(min_length=1, max_length=4096)]


def _check_path(path: str) -> None:
    if "\0" in path:
        raise ValueError("a path cannot have a zero byte")


class Message(Struct, frozen=True, kw_only=True):
    """A message: the content of one inbox file."""

    protocol: int
    message_id: Identifier
    command: Identifier
    instance: Identifier
    args: dict[str, Any] = {}


class DawInfo(Struct, frozen=True, kw_only=True):
    """The program that sends the request."""

    name: Identifier = "folder"
    version: str = ""


class Project(Struct, frozen=True, kw_only=True):
    """The DAW's project."""

    name: str = ""
    path: str | None = None  # project file or folder
    media_path: str | None = None  # the project's audio folder
    sample_rate: Annotated[int, Meta(ge=8000, le=768_000)] | None = None  # Hz; null: the model's rate
    tempo: Annotated[float, Meta(gt=0.0, le=1000.0)] | None = None  # BPM at the clip
    time_signature: tuple[Annotated[int, Meta(ge=1, le=128)], Annotated[int, Meta(ge=1, le=128)]] = (4, 4)

    def __post_init__(self) -> None:
        for path in (self.path, self.media_path):
            _check_path(path or "")


class Track(Struct, frozen=True, kw_only=True):
    """The clip's track."""

    id: str = ""
    name: str = ""
    index: int = 0
    color: int | str | None = None
    folder_depth: int = 0


class Slot(Struct, frozen=True, kw_only=True):
    """A clip slot in Live's Session View."""

    track: int
    scene: int


class Grid(Struct, frozen=True, kw_only=True):
    """The beats of the clip and its handles, from the DAW's tempo map."""

    beats: tuple[float, ...]  # beat times, s from the clip's start; negative: in the handle before the clip
    downbeats: tuple[Annotated[int, Meta(ge=0)], ...] = ()  # indices into beats


class Source(Struct, frozen=True, kw_only=True):
    """A span of an audio file, with the processing that the DAW applies to the item."""

    path: FilePath
    path_right: FilePath | None = None  # file of the right channel, if each channel has its own file
    offset: Seconds = 0.0  # start of the span in the file, s
    playrate: Annotated[float, Meta(ge=0.01, le=100.0)] = 1.0
    preserve_pitch: bool = True
    pitch: Annotated[float, Meta(ge=-120.0, le=120.0)] = 0.0  # semitones
    reverse: bool = False
    section: tuple[Seconds, Seconds] | None = None  # start and length of the played part of the file, s
    loop: bool = False
    channels: Literal["normal", "left", "right", "downmix", "swap"] = "normal"
    polarity: bool = False  # true: inverted
    pan: Annotated[float, Meta(ge=-1.0, le=1.0)] | None = None
    gain_db: Decibels = 0.0  # copied to the placed item, not applied to the audio
    fade_in: Seconds = 0.0  # s; copied to the placed item, like the next three keys
    fade_out: Seconds = 0.0
    fade_in_shape: int | str | None = None
    fade_out_shape: int | str | None = None
    warp: tuple[tuple[float, float], ...] | None = None  # pairs of a beat and its source position (s after offset)
    straighten: bool = False  # true: stretch along `warp` to an even tempo

    def __post_init__(self) -> None:
        _check_path(self.path)
        _check_path(self.path_right or "")


class Rendered(Struct, frozen=True, kw_only=True):
    """The clip's audio as it sounds in the DAW, rendered by the DAW with handles."""

    path: FilePath
    handles: tuple[Seconds, Seconds] = (0.0, 0.0)

    def __post_init__(self) -> None:
        _check_path(self.path)


class Clip(Struct, frozen=True, kw_only=True):
    """One item or region: a span of audio and its position."""

    id: str
    name: str = ""
    track: Track = Track()
    where: Literal["arrangement", "session"] = "arrangement"
    slot: Slot | None = None
    position: Seconds | None = None  # position on the timeline, s
    length: Annotated[float, Meta(gt=0.0, le=1e6)] | None = None  # length on the timeline, s; null: to the source's end
    position_beats: float | None = None
    grid: Grid | None = None
    source: Source | None = None
    rendered: Rendered | None = None
    loops: bool = False  # whether the clip loops, so that the result must loop too
    ignored: tuple[str, ...] = ()  # properties that the script could not send

    def __post_init__(self) -> None:
        if (self.source is None) == (self.rendered is None):
            raise ValueError("a clip needs either `source` or `rendered`")

    @property
    def played(self) -> Source:
        """The clip's audio: a span of a file, or the DAW's rendering."""
        if self.source is not None:
            return self.source
        if self.rendered is None:  # impossible: `__post_init__` requires one of the two keys
            raise RequestError("A clip needs either `source` or `rendered`.")
        return Source(path=self.rendered.path, offset=self.rendered.handles[0])


class Remix(Struct, frozen=True, kw_only=True):
    """The bridge's own keys in `remix`. The other keys are the model's inputs, which presets/parameters.py checks."""

    preset: str | None = None
    engine: str | None = None
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    variations: Annotated[int, Meta(ge=1, le=16)] = 1
    amount: Annotated[float, Meta(ge=0.0, le=1.0)] | None = None
    send_silent: bool | None = None  # remix the clips even if they are silent; null: `send_silent` under `[render]`


class Placement(Struct, frozen=True, kw_only=True):
    """How to place the result in the DAW."""

    mode: Literal["new_track", "take", "lane"] = "new_track"
    source: Literal["mute", "keep"] = "keep"
    as_one: bool = False  # combine the clips into one; each clip needs a position and a length


class RemixArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `remix` and `prepare`."""

    request_id: str = ""
    daw: DawInfo = DawInfo()
    project: Project = Project()
    clips: Annotated[tuple[Clip, ...], Meta(min_length=1, max_length=500)]
    remix: dict[str, Any] = {}
    placement: Placement = Placement()
    confirmed: bool = False  # the user has confirmed the cost
    trigger: Trigger | None = None  # key, pad, osc: a request that is repeated within 2 s creates no second job

    @property
    def is_combined(self) -> bool:
        """Whether several clips are combined into one."""
        return self.placement.as_one and len(self.clips) > 1

    @property
    def wanted(self) -> Remix:
        """The bridge's own keys in `remix`. The parameter table checks the seed, as it checks the model's inputs."""
        return decode({**self.remix, **check({"seed": self.remix.get("seed")})}, Remix, "remix")


class HelloArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `hello`, which a DAW process sends to connect."""

    daw: DawInfo = DawInfo()
    project: Project = Project()


class TargetArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `cancel`, `retry` and `rerun`, which act on a job or variation (by default, the newest job)."""

    job_id: str | None = None
    variation_id: str | None = None
    again: bool = False  # retry of an `unknown` variation: accept that it may be charged twice
    remix: dict[str, Any] = {}  # rerun: parameters to change
    confirmed: bool = False  # rerun: the user has confirmed the cost


class NudgeArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `nudge`, which moves a finished result in time."""

    variation_id: str | None = None  # unique prefix of the variation's ID; null: the newest job's variation
    ms: Annotated[float, Meta(ge=-2000.0, le=2000.0)]  # positive: later; negative: earlier


class PlacedArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `placed`, `place_failed` and `removed`."""

    variation_id: str
    item: str = ""  # the placed item's ID in the DAW
    text: str = ""  # place_failed: the reason; placed: a remark
    by_hand: bool = False  # placed: the DAW cannot place the result, so the user was given its path


class TroubleArgs(Struct, frozen=True, kw_only=True):
    """The arguments of `trouble`, which reports an error in a DAW's script for the log."""

    text: str = ""


T = TypeVar("T")


def parse(data: bytes) -> Message:
    """Parse the content of one inbox file.

    >>> parse(b'{"protocol": 1, "message_id": "m1", "command": "hello", "instance": "reaper-1"}').command
    'hello'

    Raises:
        RequestError: the data is not JSON or not a message.
        ProtocolUnsupported: the message has another protocol.
    """
    raw = json_text.read(data)
    protocol = raw.get("protocol") if isinstance(raw, dict) else None
    is_number = isinstance(protocol, (int, float)) and not isinstance(protocol, bool)
    if is_number and protocol != PROTOCOL:  # checked before the message's shape
        shown = show(protocol)
        raise ProtocolUnsupported(f"The message has protocol {shown}, but this bridge supports protocol {PROTOCOL}.")
    message = decode(raw, Message)
    misspelt = next((key for key in raw if key not in Message.__struct_fields__ and nearest(key, ["args"])), None)
    if "args" not in raw and misspelt is not None:  # without its arguments, a command may act on the wrong job
        raise RequestError(f"There is no “{bare(misspelt)}” in the message. Did you mean “args”?")
    return message


def sender(data: bytes) -> tuple[str, str]:
    """Return the message_id and the instance of an invalid message; "" stands for a value that cannot be found.

    >>> sender(b'{"message_id": "m1", "instance": "reaper-1", "command": 3}'), sender(b'{"instance": "reaper-1", "co')
    (('m1', 'reaper-1'), ('', 'reaper-1'))
    """
    try:
        raw = json_text.read(data)
    except MessageUnreadable:
        return json_text.find("message_id", data), json_text.find("instance", data)
    values = raw if isinstance(raw, dict) else {}
    message_id, instance = (identifier(values.get(key)) for key in ("message_id", "instance"))
    return message_id, instance


def identifier(value: Any) -> str:
    """Return a value that is an identifier; "" for any other value.

    >>> identifier("reaper-1"), identifier("../x"), identifier(None)
    ('reaper-1', '', '')
    """
    try:
        return msgspec.convert(value, type=Identifier)
    except msgspec.ValidationError:
        return ""


def decode(args: Any, kind: type[T], where: str = "") -> T:
    """Convert JSON arguments to `kind`.

    >>> decode({"ms": -12.5}, NudgeArgs).ms
    -12.5

    Raises:
        RequestError: a key is missing, out of range or of the wrong type; the error text names the key.
    """
    return validate(args, kind, where, RequestError)
