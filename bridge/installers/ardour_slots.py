"""Reads and changes the action slots and hooks in Ardour's file `ui_scripts`, and keeps the rest of the file unchanged.

The actions are stored as Lua assignments, such as `scripts[N]["n"] = "name"`, encoded in base64. Ardour rewrites the
file when Ardour quits. A file that contains anything except complete assignments is rejected.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from bridge.errors import InstallRefused

OURS = "ACE Bridge"  # prefix of the names of the bridge's actions and hooks
SLOTS = 32  # number of action slots in Ardour 7.3 and 8.12
HOOK_ID = "20261"  # any unused number, which Ardour replaces on its next save
SIGNALS = 49  # number of signals in Ardour 7.3; Ardour 8.12 has one more at the end, and takes a missing bit as 0
TIMER = 47  # number of the signal LuaTimerDS; the self-test in ardour_scripts compares it with Ardour's own number
EMPTY = b'<UIScripts><ActionScript lua="Lua 5.3"/><ActionHooks/></UIScripts>'

_VALUE = rb'(?:\{\}|"(?:\\.|[^"\\])*"|-?[0-9.]+|nil|true|false|\[====\[.*?\]====\])'
_STATEMENT = re.compile(rb"\s*scripts(?:\[(\d+)\]((?:\[[^\]]*\])*))?\s*=\s*(" + _VALUE + rb")\s*", re.DOTALL)
_PART = re.compile(rb's\["(\w)"\]\s*=\s*(' + _VALUE + rb")", re.DOTALL)
_NAME = re.compile(rb'"n"')


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script for Ardour."""

    name: str  # name in the script's header
    source: str  # text of the whole script


def script(source: str) -> Script:
    """Return the script with the name from the header in the source."""
    found = re.search(r'name\s*=\s*"([^"]+)"', source)
    if found is None:
        raise ValueError("the script has no name")
    return Script(found[1], source)


def put(now: bytes | None, actions: Sequence[Script], hooks: Sequence[Script]) -> bytes:
    """Return the content of ui_scripts with the bridge's hooks and actions. Actions keep their slots or get free ones.

    Raises:
        InstallRefused: the content cannot be parsed, or no slot is free.
    """
    root = _parse(now)
    holder = root.find("ActionScript")
    if holder is None:
        holder = ElementTree.SubElement(root, "ActionScript", lua="Lua 5.3")
    place = root.find("ActionHooks")
    if place is None:
        place = ElementTree.SubElement(root, "ActionHooks")
    before = _decoded(holder)
    theirs, ours = _split(before)
    if now is not None and _sources(before, place) == {one.name: one.source for one in (*actions, *hooks)}:
        return now  # the file has the same content, even if Ardour has rewritten it
    had = {name: number for number, name in ours.items()}
    text = b"scripts = {} " + b"".join(theirs.values())
    for number, one in _assigned(actions, had, set(theirs)).items():
        text += _action(number, one)
    holder.text = base64.b64encode(text).decode()
    _without_ours(place)
    for one in hooks:
        place.append(_hook(one))
    return _written(root, now)


def take(now: bytes) -> bytes | None:
    """Return the content of ui_scripts without the bridge's actions and hooks, or None if nothing remains."""
    root = _parse(now)
    holder, place = root.find("ActionScript"), root.find("ActionHooks")
    theirs: Mapping[int, bytes] = {}
    if holder is not None:
        theirs, _ = _split(_decoded(holder))
        holder.text = base64.b64encode(b"scripts = {} " + b"".join(theirs.values())).decode() if theirs else None
    if place is not None:
        _without_ours(place)
    if not theirs and (place is None or len(place) == 0):
        return None
    return _written(root, now)


def numbers(now: bytes | None) -> dict[str, int]:
    """Return the slot number of each of the bridge's actions, by the action's name."""
    holder = _parse(now).find("ActionScript")
    return {} if holder is None else {name: number for number, name in _split(_decoded(holder))[1].items()}


def _parse(now: bytes | None) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(now or EMPTY)  # noqa: S314  # the user's own settings file
    except ElementTree.ParseError as problem:
        raise InstallRefused(f"Ardour's file ui_scripts cannot be parsed: {problem}.") from problem


def _decoded(holder: ElementTree.Element) -> bytes:
    try:
        return base64.b64decode((holder.text or "").strip(), validate=False)
    except binascii.Error as problem:
        raise InstallRefused("The scripts in Ardour's file ui_scripts cannot be decoded.") from problem


def _split(text: bytes) -> tuple[dict[int, bytes], dict[int, str]]:
    """Return two mappings by slot: the statements of other actions, and the names of the bridge's actions."""
    statements: dict[int, bytes] = {}
    names: dict[int, str] = {}
    at = 0
    while at < len(text.rstrip()):
        found = _STATEMENT.match(text, at)
        if found is None:
            raise InstallRefused("Ardour's file ui_scripts has unexpected content.")
        at = found.end()
        if found[1] is None:  # the statement `scripts = {}`
            continue
        number = int(found[1])
        statements[number] = statements.get(number, b"") + found[0].strip() + b" "
        if _NAME.search(found[2] or b""):
            names[number] = found[3].decode(errors="replace").strip('"')
    ours = {number: name for number, name in names.items() if name.startswith(OURS)}
    return {number: text for number, text in statements.items() if number not in ours}, ours


def _sources(text: bytes, place: ElementTree.Element) -> dict[str, str]:
    """Return the source code of each of the bridge's actions and hooks, by name."""
    found: dict[int, dict[bytes, str]] = {}
    for match in _STATEMENT.finditer(text):
        if match[1] is not None:
            found.setdefault(int(match[1]), {})[match[2] or b""] = _unquoted(match[3])
    sources = {one.get(b'["n"]', ""): one.get(b'["s"]', "") for one in found.values()}
    for hook in place:
        state = {match[1]: _unquoted(match[2]) for match in _PART.finditer(_decoded(hook))}
        sources[hook.get("name") or ""] = state.get(b"s", "")
    return {name: source for name, source in sources.items() if name.startswith(OURS)}


def _unquoted(value: bytes) -> str:
    """Return the value of a Lua string literal, written with `%q` or in long brackets."""
    text = value.decode(errors="replace")
    if text.startswith("[====["):
        return text[len("[====[\n") : -len("]====]")]
    return re.sub(r"\\(13|.)", lambda found: "\r" if found[1] == "13" else found[1], text[1:-1], flags=re.DOTALL)


def _assigned(actions: Sequence[Script], had: Mapping[str, int], taken: set[int]) -> dict[int, Script]:
    """Assign a slot to each action. An action keeps its slot, because shortcuts and buttons refer to slot numbers."""
    placed = {had[one.name]: one for one in actions if one.name in had}
    free = iter(number for number in range(1, SLOTS + 1) if number not in taken | set(placed))
    for one in actions:
        if one.name not in had:
            number = next(free, None)
            if number is None:
                raise InstallRefused(f"All {SLOTS} action slots of Ardour are in use.", hint="Clear one in Ardour.")
            placed[number] = one
    return dict(sorted(placed.items()))


def _loader(one: Script) -> str:
    """Return Lua code that runs the script as Ardour does and returns the action's function."""
    return f"local ardour = function () end\nlocal factory\n{one.source}\nreturn factory (...)\n"


def _action(number: int, one: Script) -> bytes:
    slot = f"scripts[{number}]"
    parts = {"n": f'"{one.name}"', "s": _quoted(one.source), "f": _quoted(_loader(one)), "a": "{}"}
    return (f"{slot} = {{}} " + "".join(f'{slot}["{key}"] = {value} ' for key, value in parts.items())).encode()


def _hook(one: Script) -> ElementTree.Element:
    bits = "".join("1" if bit == TIMER else "0" for bit in reversed(range(SIGNALS)))
    hook = ElementTree.Element("LuaCallback", lua="Lua 5.3", id=HOOK_ID, name=one.name, signals=bits)
    loader = _loader(one).replace("local factory\n", "local factory, signals\n", 1)
    parts = {"n": f'"{one.name}"', "s": _quoted(one.source), "f": _quoted(loader), "a": "{}"}
    text = "s = {} " + "".join(f's["{key}"] = {value} ' for key, value in parts.items())
    hook.text = base64.b64encode(text.encode()).decode()
    return hook


def _quoted(text: str) -> str:
    if "]====]" in text:
        raise ValueError("the script contains ]====] and cannot be quoted")
    return f"[====[\n{text}]====]"


def _without_ours(place: ElementTree.Element) -> None:
    for hook in list(place):
        if (hook.get("name") or "").startswith(OURS):
            place.remove(hook)


def _written(root: ElementTree.Element, now: bytes | None) -> bytes:
    """Return the new content of the file, or the original bytes if the XML has not changed in meaning."""
    text: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    if now is not None and ElementTree.canonicalize(now) == ElementTree.canonicalize(text):
        return now
    return text
