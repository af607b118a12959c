"""Reads the audio tracks of a saved session file, in editor order, with their regions and source files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import soundfile

SUPERCLOCK = 282_240_000  # Ardour 7's ticks per second


@dataclass(frozen=True)
class Region:
    id: str
    name: str
    position: int  # samples
    start: int  # offset into the sources, samples
    length: int  # samples
    muted: bool
    scale: float
    fade_in: tuple[int, float]  # (length in samples, gain at the middle of the fade)
    fade_out: tuple[int, float]
    curve: tuple[tuple[int, float], ...]  # gain curve: (position in samples, gain) of each point; empty if inactive
    sources: tuple[tuple[Path, int], ...]  # (file, channel in the file) of each channel

    def audio(self) -> np.ndarray:
        """Return the source samples of the region, frames × channels."""
        sides = [soundfile.read(path, dtype="float64", always_2d=True)[0][:, channel] for path, channel in self.sources]
        return np.stack(sides, axis=1)[self.start : self.start + self.length]

    def files(self) -> dict[Path, str]:
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path, _ in self.sources}


@dataclass(frozen=True)
class Track:
    name: str
    order: int
    color: str
    comment: str
    channels: int
    regions: tuple[Region, ...]


def tracks(session: Path, rate: int) -> list[Track]:
    """Return a session file's audio tracks in editor order."""
    root = ElementTree.parse(session).getroot()
    audio = session.parent / "interchange" / session.stem / "audiofiles"
    sources = {}
    for source in root.iter("Source"):
        path = Path(source.get("origin") or "")
        named = audio / source.attrib["name"]
        sources[source.attrib["id"]] = (named if named.exists() else path, int(source.get("channel") or 0))
    playlists = {p.attrib["id"]: p for p in root.iter("Playlist")}
    found = []
    for route in root.find("Routes") or ():
        playlist = playlists.get(route.get("audio-playlist") or "")
        info = route.find("PresentationInfo")
        if playlist is None or info is None:
            continue
        regions = [_region(one, sources, rate) for one in playlist.findall("Region")]
        regions.sort(key=lambda one: one.position)
        comment = next((one.text or "" for one in route.iter("Comment")), "")
        name, order, color = route.attrib["name"], int(info.attrib["order"]), info.attrib["color"]
        inputs = [one for one in route.findall("IO") if one.get("direction") == "Input"]
        channels = sum(port.get("type") == "audio" for one in inputs for port in one.findall("Port"))
        found.append(Track(name, order, color, comment, channels, tuple(regions)))
    return sorted(found, key=lambda one: one.order)


def _region(one: ElementTree.Element, sources: dict[str, tuple[Path, int]], rate: int) -> Region:
    length, position = one.attrib["length"].split("@")
    count = int(one.attrib["channels"])
    return Region(
        id=one.attrib["id"],
        name=one.attrib["name"],
        position=_samples(position, rate),
        start=_samples(one.attrib["start"], rate),
        length=_samples(length, rate),
        muted=one.attrib["muted"] == "1",
        scale=float(one.attrib["scale-amplitude"]),
        fade_in=_fade(one, "FadeIn", rate),
        fade_out=_fade(one, "FadeOut", rate),
        curve=_curve(one, rate) if one.attrib["envelope-active"] == "1" else (),
        sources=tuple(sources[one.attrib[f"source-{index}"]] for index in range(count)),
    )


def _samples(ticks: str, rate: int) -> int:
    assert ticks.startswith("a"), "audio time"
    value = int(ticks[1:]) * rate / SUPERCLOCK
    assert abs(value - round(value)) < 0.01, f"{ticks} is not a whole sample at {rate} Hz"
    return round(value)


def _fade(region: ElementTree.Element, tag: str, rate: int) -> tuple[int, float]:
    events = region.find(f"{tag}/AutomationList/events")
    if events is None or not events.text:
        return 64, 0.5  # the fade that Ardour adds against clicks
    points = np.array([[float(word) for word in line[1:].split()] for line in events.text.strip().splitlines()])
    end = points[-1, 0]
    return round(end * rate / SUPERCLOCK), round(float(np.interp(end / 2, points[:, 0], points[:, 1])), 3)


def _curve(region: ElementTree.Element, rate: int) -> tuple[tuple[int, float], ...]:
    """Return the points of a region's gain curve, as (position in samples, gain)."""
    events = region.findtext("Envelope/AutomationList/events") or ""
    points = (line.split() for line in events.strip().splitlines())
    return tuple((_samples(when, rate), float(gain)) for when, gain in points)
