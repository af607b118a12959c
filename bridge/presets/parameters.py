"""The table of the model's inputs (ranges, defaults and explanations), and the functions that check values."""

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

INSTRUMENTAL = "[inst]"  # sent instead of empty lyrics, which may make the model sing gibberish
UNKNOWN_TAGS = "music"  # original_tags of a clip without a description
LARGEST_SEED = 2**32 - 1  # variation k has the seed (seed + k) mod 2^32
LONGEST_TEXT = 20_000  # characters; typical lyrics are about a tenth as long
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_TEXT = Annotated[str, Meta(max_length=LONGEST_TEXT, description="text")]
_URL = Annotated[str, Meta(max_length=LONGEST_TEXT, pattern="^https?://", description="an http or https address")]


@dataclass(frozen=True, slots=True)
class Param:
    """One input of the model."""

    name: str  # the model's name for this input
    kind: Kind  # type of its value
    help: str  # explanation for the user
    default: str | int | float | None = None  # the model's default; None: no default, or a random value
    low: float | None = None  # smallest value, for int and float
    high: float | None = None  # largest value, for int and float
    choices: tuple[str, ...] = ()  # the allowed values, for the kind "choice"
    required: bool = False  # whether the model requires this input
    surface: tuple[float, float] | None = None  # the useful range for a fader
    inert: bool = False  # true: probably no effect, since ACE-Step's open source ignores it in audio-to-audio
    source: str = "model page"  # origin of the range and default
    takes: Any = field(init=False, repr=False, compare=False)  # type of its value, with the limits

    def __post_init__(self) -> None:
        """Set `takes` from the other fields."""
        object.__setattr__(self, "takes", _type_of(self))


def _type_of(param: Param) -> Any:
    if param.kind == "choice":
        return Literal[param.choices]
    if param.kind in ("int", "float"):
        return Annotated[int if param.kind == "int" else float, Meta(ge=param.low, le=param.high)]
    return _URL if param.kind == "url" else _TEXT


_READ_BY_NONE = "model page; ACE-Step's open source does not read it when it edits audio"

_TABLE = (
    Param("audio_url", "url", "URL of the clip. The bridge uploads the clip and fills this in.", required=True),
    Param(
        "edit_mode",
        "choice",
        "“remix” may change melody and genre. “lyrics” stays close to the song and changes the lyrics.",
        "remix",
        choices=("lyrics", "remix"),
    ),
    Param(
        "original_tags",
        "text",
        "Describes the clip as tags, for example “piano, slow, melancholic”. The model moves from here towards the "
        "tags, so an accurate description helps. Without one, the bridge describes the clip itself.",
        required=True,
    ),
    Param(
        "original_lyrics",
        "text",
        "The lyrics of the clip, line by line. Leave it out for an instrumental clip.",
        "",
    ),
    Param(
        "tags",
        "text",
        "Style: genre, mood, instruments, sound and tempo feel, separated by commas. Three to six tags work best. The "
        "model reads about 256 tokens.",
        required=True,
    ),
    Param(
        "lyrics",
        "text",
        "Lyrics, with [verse], [chorus] and [bridge] on lines of their own. Without lyrics, or with “[inst]”, the "
        "result is instrumental.",
        "",
    ),
    Param(
        "number_of_steps",
        "int",
        "Number of diffusion steps: 27 for a draft, 60 for the best quality. More steps take more time at the same "
        "price.",
        27,
        3,
        60,
        surface=(10, 60),
    ),
    Param(
        "seed",
        "int",
        "Random seed. The same seed and settings give the same remix. Without one, the bridge picks a random seed.",
        None,
        0,
        LARGEST_SEED,
        surface=(0, 9999),
        source="model page, which names no range; the bridge uses 32 bits",
    ),
    Param(
        "scheduler",
        "choice",
        "How the model steps from noise to music. euler takes plain steps. heun corrects each step and takes longer.",
        "euler",
        choices=("euler", "heun"),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "guidance_type",
        "choice",
        "How the tags guide the model. cfg is the standard method, apg sounds less harsh at high guidance, cfg_star "
        "corrects the first steps.",
        "apg",
        choices=("cfg", "apg", "cfg_star"),
        inert=True,
        source=_READ_BY_NONE,
    ),
    Param(
        "granularity_scale",
        "int",
        "Granularity of the changes. Higher values can smooth artefacts.",
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
        "Share of the steps that the tags guide: 0.5 means the middle half, 1 all steps.",
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
        "How much guidance falls over that interval: 0 keeps it constant, 1 lowers it to minimum_guidance_scale.",
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
        "How strictly the model follows the tags. Low values sound loose and soft, 15 is the default, high values are "
        "literal and can sound harsh. At 0 and 1 the tags have no effect.",
        15.0,
        0,
        200,
        surface=(1, 30),
    ),
    Param(
        "minimum_guidance_scale",
        "float",
        "The lowest guidance that guidance_interval_decay reaches.",
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
        "How strictly the model follows the tags, independent of the lyrics.",
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
        "How strictly the model follows the lyrics, independent of the tags.",
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
        "The seed of the clip, if the model made it.",
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

# An input of the bridge, not of the model. It sets edit_mode or, with the offline engine, the depth of the changes.
AMOUNT = Param(
    "amount",
    "float",
    "Distance from the clip: 0 stays close, 1 is as different as possible. If not set, the preset's amount.",
    None,
    0,
    1,
    surface=(0, 1),
    source="the bridge",
)
HAND_PARAMS = (
    AMOUNT,
    *(param for param in _TABLE if param.kind not in ("text", "url")),
)  # the parameters that can be set by OSC and MIDI


def check(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check the types and ranges of parameters. A value of None means "not given" and is left out.

    Args:
        values: parameters by name. Whole numbers may be floats such as 40.0, because OSC and JSON clients send these.

    Returns:
        The values, converted to the right Python types.

    Raises:
        ParamUnknown: there is no such parameter; the error text suggests the nearest name.
        ParamInvalid: a value is invalid; the error text names the parameter, its value and its range.
    """
    checked: dict[str, Any] = {}
    for name, value in values.items():
        param = PARAMS.get(name)
        if param is None:
            raise ParamUnknown(f"There is no parameter “{validation.bare(name)}”.{did_you_mean(str(name), PARAMS)}")
        if value is not None:
            checked[name] = _check(param, value)
    return checked


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """Check the values and fill in the defaults. The engine fills in `audio_url`.

    Empty lyrics become "[inst]", and missing original tags become "music". A missing seed is not filled in.

    Raises:
        ParamUnknown, ParamInvalid: as in `check`; ParamInvalid also if the tags are missing.
    """
    given = check(values)
    if "tags" not in given:
        raise ParamInvalid("tags is missing. Describe the style, for example “dub, deep bass, tape echo”.")
    whole = {name: given.get(name, param.default) for name, param in PARAMS.items()}
    whole["lyrics"] = given.get("lyrics", "").strip() or INSTRUMENTAL
    whole["original_tags"] = given.get("original_tags", UNKNOWN_TAGS)
    return {name: value for name, value in whole.items() if value is not None}


def to_send(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs to send: the required inputs, the lyrics, the seed, and values that differ from their defaults.

    Raises:
        ParamUnknown, ParamInvalid: as in `complete`.
    """
    return {
        name: value
        for name, value in complete(values).items()
        if PARAMS[name].required or name == "lyrics" or value != PARAMS[name].default
    }


def from_text(name: str, text: str) -> Any:
    """Convert a command-line option's text to the parameter's value.

    Raises:
        ParamUnknown, ParamInvalid: as in `check`.
    """
    return check({name: validation.from_text(PARAMS[name].takes, text) if name in PARAMS else text})[name]


def _check(param: Param, value: Any) -> Any:
    checked = validation.validate(value, param.takes, param.name, ParamInvalid)
    if isinstance(checked, str):
        if _CONTROL.search(checked):
            raise ParamInvalid(f"{param.name} has control characters or invalid Unicode. Write it again.")
        if param.required and not checked.strip():
            raise ParamInvalid(f"{param.name} is empty. Give at least one tag, or leave it out to use the preset's.")
    return checked.strip() if param.required else checked
