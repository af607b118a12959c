"""THE parameter table: the model's inputs with their ranges, defaults and a musician's explanation.

Requests, presets, OSC, CLI, panel and docs/params.md all come from it, and nothing is sent before it has passed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Literal

from msgspec import Meta

from bridge.errors import ParamInvalid, ParamUnknown
from bridge.util import validation
from bridge.util.suggest import did_you_mean

Kind = Literal["text", "int", "float", "choice", "url"]

INSTRUMENTAL = "[inst]"  # an empty lyric may be sung as gibberish, this one is not
UNKNOWN_TAGS = "music"  # original_tags of a clip of which nobody said what it is
LARGEST_SEED = 2**32 - 1  # seed of variation k = seed + k mod 2^32
LONGEST_TEXT = 20_000  # characters; a whole song's lyrics have a tenth of that
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TEXT = Annotated[str, Meta(max_length=LONGEST_TEXT, description="text")]
_URL = Annotated[str, Meta(max_length=LONGEST_TEXT, pattern="^https?://", description="an http or https address")]


@dataclass(frozen=True, slots=True)
class Param:
    """One input of the model."""

    name: str  # as the model spells it
    kind: Kind  # type of its value
    help: str  # what it does, in plain words
    default: str | int | float | None = None  # what the model takes when it is not sent; None: nothing, or any
    low: float | None = None  # smallest value, for int and float
    high: float | None = None  # largest value, for int and float
    choices: tuple[str, ...] = ()  # the only values, for choice
    required: bool = False  # whether the model insists on it
    surface: tuple[float, float] | None = None  # the part of the range worth putting on a fader
    inert: bool = False  # probably changes nothing in audio-to-audio: upstream's edit path does not read it
    source: str = "model page"  # where range and default come from
    takes: Any = field(init=False, repr=False, compare=False)  # its type, with its limits

    def __post_init__(self) -> None:
        """Work out its type."""
        object.__setattr__(self, "takes", _type_of(self))


def _type_of(param: Param) -> Any:
    if param.kind == "choice":
        return Literal[param.choices]
    if param.kind in ("int", "float"):
        return Annotated[int if param.kind == "int" else float, Meta(ge=param.low, le=param.high)]
    return _URL if param.kind == "url" else _TEXT


_READ_BY_NONE = "model page; ACE-Step's open source does not read it when it edits audio"

_TABLE = (
    Param(
        "audio_url", "url", "Where the model finds the clip. The bridge uploads it and fills this in.", required=True
    ),
    Param(
        "edit_mode",
        "choice",
        "“remix” may change melody and genre; “lyrics” stays close to the song and changes what is sung.",
        "remix",
        choices=("lyrics", "remix"),
    ),
    Param(
        "original_tags",
        "text",
        "What the clip is now, as tags: “piano, slow, melancholic”. The model moves from here towards the tags, so a "
        "true description helps; without one the bridge says what little it knows.",
        required=True,
    ),
    Param(
        "original_lyrics",
        "text",
        "What is sung in the clip now, line by line; leave it out if nobody sings.",
        "",
    ),
    Param(
        "tags",
        "text",
        "What it shall become: genre, mood, instruments, sound, tempo feel, separated by commas. Three to six of these "
        "work best; the model reads about 256 word pieces and no more.",
        required=True,
    ),
    Param(
        "lyrics",
        "text",
        "What shall be sung, with [verse], [chorus] and [bridge] on lines of their own. Left out or “[inst]”: "
        "nobody sings.",
        "",
    ),
    Param(
        "number_of_steps",
        "int",
        "How long the model works on it: 27 for a draft, 60 for the best it can do. Time grows with it, the price does "
        "not.",
        27,
        3,
        60,
        surface=(10, 60),
    ),
    Param(
        "seed",
        "int",
        "The roll of the dice: the same seed and settings give the same remix again. Left out, the bridge draws one.",
        None,
        0,
        LARGEST_SEED,
        surface=(0, 9999),
        source="model page, which names no range; the bridge uses 32 bits",
    ),
    Param(
        "scheduler",
        "choice",
        "How the model walks from noise to music: euler takes small even steps, heun looks ahead and takes longer.",
        "euler",
        choices=("euler", "heun"),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "guidance_type",
        "choice",
        "How the model is held to the tags: cfg is the plain way, apg sounds less harsh at high guidance, cfg_star "
        "corrects the first steps.",
        "apg",
        choices=("cfg", "apg", "cfg_star"),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "granularity_scale",
        "int",
        "How coarse the model's strokes are; higher values can smooth out artefacts.",
        10,
        -100,
        100,
        surface=(-20, 20),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "guidance_interval",
        "float",
        "How much of the way the tags steer: 0.5 means the middle half, 1 the whole way.",
        0.5,
        0,
        1,
        surface=(0, 1),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "guidance_interval_decay",
        "float",
        "How much the steering lets go over that stretch: 0 holds it, 1 lets it sink to minimum_guidance_scale.",
        0.0,
        0,
        1,
        surface=(0, 1),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "guidance_scale",
        "float",
        "How strictly the tags are followed: low is loose and soft, 15 is usual, high is literal and can turn harsh. "
        "At 0 and 1 the tags do not steer at all.",
        15.0,
        0,
        200,
        surface=(1, 30),
    ),
    Param(
        "minimum_guidance_scale",
        "float",
        "Where the steering ends when guidance_interval_decay lets it go.",
        3.0,
        0,
        200,
        surface=(0, 15),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "tag_guidance_scale",
        "float",
        "How strictly the tags alone are followed, beside the lyrics.",
        5.0,
        0,
        10,
        surface=(0, 10),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "lyric_guidance_scale",
        "float",
        "How strictly the lyrics alone are followed, beside the tags.",
        1.5,
        0,
        10,
        surface=(0, 10),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "original_seed",
        "int",
        "The seed the clip itself was made with, if the model made it.",
        None,
        0,
        LARGEST_SEED,
        inert=True,
        source="model page, which names no range; not read for uploaded audio in ACE-Step's open source",
    ),
)

PARAMS: Mapping[str, Param] = MappingProxyType(
    {param.name: param for param in _TABLE}
)  # in the order of the model's page

# No input of the model, but of the bridge: it becomes edit_mode and, offline, a depth. Surfaces set it like the others.
AMOUNT = Param(
    "amount",
    "float",
    "How far from the clip: 0 stays as it is, 1 is as different as it gets. Untouched: the preset's own.",
    None,
    0,
    1,
    surface=(0, 1),
    source="the bridge",
)
HAND_PARAMS = (AMOUNT, *(param for param in _TABLE if param.kind not in ("text", "url")))  # what OSC and MIDI can set


def check(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check types and ranges of some parameters; None means "not given" and is left out.

    Args:
        values: any of the parameters by name. A whole number may come as 40.0, since OSC and JSON know no difference.

    Returns:
        The same values with their proper Python types.

    Raises:
        ParamUnknown: there is no such parameter; the text names the nearest.
        ParamInvalid: the text names the parameter, what came and what it takes.
    """
    checked: dict[str, Any] = {}
    for name, value in values.items():
        param = PARAMS.get(name)
        if param is None:
            shown = validation.show(name).strip('"')
            raise ParamUnknown(f"There is no parameter “{shown}”.{did_you_mean(str(name), PARAMS)}")
        if value is not None:
            checked[name] = _check(param, value)
    return checked


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check the values and fill in the defaults; `audio_url` is filled in by the engine and may be missing here.

    An empty lyric becomes "[inst]", missing original tags become "music", a seed that was not given stays out.

    Raises:
        ParamUnknown, ParamInvalid: as `check`, and when the tags are missing.
    """
    given = check(values)
    if "tags" not in given:
        raise ParamInvalid("tags is missing: say what the clip shall become, for example “dub, deep bass, tape echo”.")
    whole = {name: given.get(name, param.default) for name, param in PARAMS.items()}
    whole["lyrics"] = given.get("lyrics", "").strip() or INSTRUMENTAL
    whole["original_tags"] = given.get("original_tags", UNKNOWN_TAGS)
    return {name: value for name, value in whole.items() if value is not None}


def to_send(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the model has to be told: the required inputs, lyrics, seed, and what differs from the default.

    Raises:
        ParamUnknown, ParamInvalid: as `complete`.
    """
    return {
        name: value
        for name, value in complete(values).items()
        if PARAMS[name].required or name == "lyrics" or value != PARAMS[name].default
    }


def from_text(name: str, text: str) -> Any:
    """Read one parameter as it is typed on a command line.

    Raises:
        ParamUnknown, ParamInvalid: as `check`.
    """
    return check({name: validation.from_text(PARAMS[name].takes, text) if name in PARAMS else text})[name]


def _check(param: Param, value: Any) -> Any:
    if param.kind == "int" and isinstance(value, float) and value.is_integer():
        value = int(value)  # OSC and JSON do not tell 40.0 from 40
    checked = validation.validate(value, param.takes, param.name, ParamInvalid)
    if isinstance(checked, str):
        if _CONTROL.search(checked):
            raise ParamInvalid(f"{param.name} has control characters or broken Unicode; write it again.")
        if param.required and not checked.strip():
            raise ParamInvalid(f"{param.name} is empty; give at least one tag, or leave it to the preset.")
    return checked.strip() if param.required else checked
