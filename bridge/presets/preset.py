"""Reads preset files, with errors that name file, line and key, and writes commented templates for new presets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta, Struct

from bridge.config.toml_file import TomlError, TomlFile, read
from bridge.errors import NotPossibleNow, ParamInvalid, ParamUnknown, PresetInvalid
from bridge.presets.parameters import INSTRUMENTAL, PARAMS, check
from bridge.util.atomic import explained, write_bytes
from bridge.util.validation import show, validate

VERSION = 1  # version of the file format
Family = Literal["lofi", "house", "techno", "drum and bass", "ambient", "dub", "half-time trap", "chopped"]
FAMILIES: tuple[Family, ...] = get_args(Family)
TEXTS = ("title", "description", "family", "needs_model", "tags", "lyrics", "original_tags", "edit_mode")
LONGEST = {"title": 60, "description": 400, "needs_model": 40, "tags": 600}  # maximum characters

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OWN = ("audio_url", "seed", *TEXTS)  # not allowed under [parameters]: top-level keys, and inputs that no preset sets


class PresetFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a preset file. Keys that are inputs of the model are checked with the parameter table."""

    version: Annotated[Literal[1], Meta(description="1 (newer presets need a newer ace-bridge)")]
    title: str
    description: str
    family: Family
    needs_model: str = ""
    tags: Any
    lyrics: Any
    original_tags: Any = None
    edit_mode: Any = "remix"
    amount: Annotated[float, Meta(ge=0, le=1)] | None = None
    parameters: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Preset:
    """One style for remixes."""

    name: str  # the file name without .toml
    title: str  # shown to users
    description: str  # how the result sounds, in one or two sentences
    family: str  # style family of the offline engine, one of FAMILIES
    tags: str  # style tags for the model
    lyrics: str  # lyrics for the model; "[inst]": instrumental
    original_tags: str | None  # description of the clip; None: described automatically
    edit_mode: str  # "remix" or "lyrics"
    amount: float | None  # 0 (like the source) to 1 (as different as possible); None: the engine's default
    version: int  # version of the file format
    path: Path  # the preset's file
    parameters: Mapping[str, Any] = field(default_factory=dict)  # other inputs of the model that the preset sets
    needs_model: str = ""  # sounds that the offline engine cannot add, for example "the choir"; "": none

    @property
    def offline(self) -> str:
        """One line that describes what the offline engine makes of the preset."""
        return f"offline: {self.family}{f'; only the model adds {self.needs_model}' if self.needs_model else ''}"


def slug(name: str) -> str:
    """Convert a preset's name to a file name: "Dusty Tape" becomes "dusty-tape"."""
    return re.sub(r"[^a-z0-9]+", "-", name[:200].casefold()).strip("-")


def load(path: Path) -> Preset:
    """Read one preset.

    Raises:
        PresetInvalid: the file has an error; the error text names file, line and key.
    """
    try:
        file = read(path)
    except TomlError as problem:
        where = f"{path}, line {problem.line}" if problem.line else str(path)
        raise PresetInvalid(f"{where}: {problem.text}.") from problem
    except OSError as problem:
        raise PresetInvalid(f"{path} cannot be read: {problem.strerror}.") from problem
    if not _NAME.fullmatch(path.stem):
        raise PresetInvalid(f"{path}: a preset's file name has only lower-case letters, digits and single hyphens.")
    for key in file.values:
        if key in PARAMS and key not in _OWN:
            raise PresetInvalid(f"{file.place(key)}: “{key}” belongs under [parameters].")
    keys = validate(file.values, PresetFile, "", PresetInvalid, place=lambda key: f"{file.place(key)}: ")
    inputs = _inputs(file, {key: getattr(keys, key) for key in ("tags", "lyrics", "original_tags", "edit_mode")})
    return Preset(
        name=path.stem,
        title=_text(file, "title", keys.title),
        description=_text(file, "description", keys.description),
        family=keys.family,
        tags=inputs["tags"],
        lyrics=inputs["lyrics"].strip() or INSTRUMENTAL,
        original_tags=inputs.get("original_tags"),
        edit_mode=inputs["edit_mode"],
        amount=keys.amount,
        version=VERSION,
        path=path,
        parameters=_parameters(file, keys.parameters),
        needs_model=_text(file, "needs_model", keys.needs_model) if keys.needs_model else "",
    )


def new(folder: Path, name: str, like: Preset | None = None) -> Path:
    """Write a new preset as a commented template and return its file.

    Args:
        folder: folder of the user's presets.
        name: the new preset's title; its file name is derived from it.
        like: the preset to copy; None: a simple default preset.

    Raises:
        PresetInvalid: the name cannot become a file name.
        NotPossibleNow: a preset with that name exists.
        DiskFull, OutputUnwritable: the file cannot be written.
    """
    title = " ".join(name.split())
    path = folder / f"{slug(title)}.toml"
    if not slug(title) or len(title) > LONGEST["title"] or not title.isprintable():
        raise PresetInvalid(f"A preset's name needs letters or digits and has at most {LONGEST['title']} characters.")
    if path.exists():
        raise NotPossibleNow(f"{path} already exists.", hint="Edit that file, or choose another name.")
    with explained(path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_bytes(path, written(replace(like or _BEGINNING, title=title)).encode())
    load(path)
    return path


def written(preset: Preset) -> str:
    """Return a preset as the text of a preset file."""
    original = f"original_tags = {_quoted(preset.original_tags)}" if preset.original_tags else "# original_tags = "
    needs = f"needs_model = {_quoted(preset.needs_model)}" if preset.needs_model else '# needs_model = "the choir"'
    amount = "# amount = 0.6" if preset.amount is None else f"amount = {preset.amount}"
    lines = [
        f"version = {VERSION}",
        f"title = {_quoted(preset.title)}",
        f"description = {_quoted(preset.description)}",
        f"family = {_quoted(preset.family)}  # for the offline engine: {', '.join(FAMILIES)}",
        f"{needs}  # sounds that only the model adds",
        f"tags = {_quoted(preset.tags)}",
        f"lyrics = {_quoted(preset.lyrics)}  # [inst]: instrumental",
        f"{original}  # describes the clips, if this preset is for one kind of clip",
        f"edit_mode = {_quoted(preset.edit_mode)}  # remix, or lyrics (stays closer to the clip)",
        f"{amount}  # 0: as the clip, 1: as different as possible",
        "",
        "[parameters]  # other inputs that this preset sets, see docs/params.md",
        *(f"{key} = {_quoted(value)}" for key, value in preset.parameters.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(value: str | int | float) -> str:
    return json.dumps(value, ensure_ascii=False)  # TOML writes text and numbers as JSON does


_BEGINNING = Preset(
    name="",
    title="",
    description="How the result sounds, in one sentence.",
    family="lofi",
    tags="lofi hip hop, mellow, electric piano, dusty drums, tape saturation",
    lyrics=INSTRUMENTAL,
    original_tags=None,
    edit_mode="remix",
    amount=None,
    version=VERSION,
    path=Path(),
)


def _text(file: TomlFile, key: str, value: str) -> str:
    text = " ".join(value.split())
    if not 1 <= len(text) <= LONGEST[key] or not text.isprintable():
        takes = f"text of 1 to {LONGEST[key]} printable characters"
        raise PresetInvalid(f"{file.place(key)}: {key} is {show(value)}; it takes {takes}.")
    return text


def _parameters(file: TomlFile, section: Mapping[str, Any]) -> dict[str, Any]:
    for key in section:
        if key in _OWN:
            raise PresetInvalid(f"{file.place(f'parameters.{key}')}: “{key}” does not belong under [parameters].")
    return _inputs(file, section, "parameters.")


def _inputs(file: TomlFile, values: Mapping[str, Any], section: str = "") -> dict[str, Any]:
    """Check the model's inputs one by one, so that an error can name the line of the invalid input."""
    checked: dict[str, Any] = {}
    for key, value in values.items():
        try:
            checked |= check({key: value})
        except (ParamUnknown, ParamInvalid) as problem:
            raise PresetInvalid(f"{file.place(section + key)}: {problem.text}") from problem
    if len(checked.get("tags", "")) > LONGEST["tags"]:
        raise PresetInvalid(
            f"{file.place('tags')}: tags has over {LONGEST['tags']} characters, more than the model reads."
        )
    return checked
