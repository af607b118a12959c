"""Draw the toolbar icons of the ReaScripts: `python scripts/icons.py` writes reaper_scripts/toolbar_icons.

REAPER expects three states side by side (normal, mouse over, on), 30 pixels high, and larger versions for high-DPI
screens in 150/ and 200/. Each icon is a function that returns whether a point has ink; it is called for several points
per pixel.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "reaper_scripts" / "toolbar_icons"
SIZES = {".": 30, "150": 45, "200": 60}  # folder → pixels
INKS = ((0xC8, 0xC8, 0xC8), (0xFF, 0xFF, 0xFF), (0x5F, 0xD0, 0xB8))  # colours of the three states
SAMPLES = 4  # number of samples per pixel in each direction

Shape = Callable[[float, float], bool]  # x and y, 0..1 → whether that point has ink


def _bar(x: float, y: float, left: float, half: float) -> bool:
    """Draw a column of a waveform, symmetric about the middle."""
    return left <= x <= left + 0.08 and abs(y - 0.5) <= half


def _line(x: float, y: float, top: float, width: float) -> bool:
    return 0.18 <= x <= 0.18 + width and top <= y <= top + 0.1


def _arrow(x: float, y: float) -> bool:
    """Draw an arrow to the right, centred on y = 0."""
    shaft = 0.18 <= x <= 0.6 and abs(y) <= 0.04
    return shaft or (0.58 <= x <= 0.82 and abs(y) <= (0.82 - x) * 0.6)


def remix(x: float, y: float) -> bool:
    """Draw a quiet waveform next to a loud one."""
    calm = any(_bar(x, y, 0.14 + 0.13 * place, half) for place, half in enumerate((0.08, 0.16, 0.1)))
    wild = any(_bar(x, y, 0.53 + 0.13 * place, half) for place, half in enumerate((0.32, 0.18, 0.28)))
    return calm or wild


def ask(x: float, y: float) -> bool:
    """Draw the remix icon with three dots below it."""
    dots = any((x - 0.35 - 0.15 * place) ** 2 + (y - 0.86) ** 2 <= 0.05**2 for place in range(3))
    return dots or remix(x, min(1.0, y * 1.3))


def swap(x: float, y: float) -> bool:
    """Draw two opposite arrows."""
    return _arrow(x, y - 0.34) or _arrow(1 - x, y - 0.66)


def jobs(x: float, y: float) -> bool:
    """Draw progress bars."""
    return any(_line(x, y, 0.22 + 0.22 * place, width) for place, width in enumerate((0.64, 0.42, 0.2)))


def cancel(x: float, y: float) -> bool:
    """Draw a cross."""
    return 0.24 <= x <= 0.76 and (abs(x - y) <= 0.08 or abs(x + y - 1) <= 0.08) and 0.24 <= y <= 0.76


ICONS: dict[str, Shape] = {"remix": remix, "ask": ask, "swap": swap, "jobs": jobs, "cancel": cancel}


def rows(shape: Shape, size: int) -> Iterator[bytes]:
    """Yield the RGBA lines of a picture, each after PNG's filter byte."""
    steps = [(step + 0.5) / SAMPLES for step in range(SAMPLES)]
    for line in range(size):
        cover = [
            sum(shape((column + dx) / size, (line + dy) / size) for dx in steps for dy in steps) / SAMPLES**2
            for column in range(size)
        ]
        yield b"\0" + b"".join(bytes((*ink, round(255 * part))) for ink in INKS for part in cover)


def png(lines: bytes, width: int, height: int) -> bytes:
    """Return the content of a PNG file with these RGBA lines."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")


def main() -> None:
    """Write all icons."""
    for folder, size in SIZES.items():
        (FOLDER / folder).mkdir(parents=True, exist_ok=True)
        for name, shape in ICONS.items():
            target = FOLDER / folder / f"ace_bridge_{name}.png"
            target.write_bytes(png(b"".join(rows(shape, size)), len(INKS) * size, size))


if __name__ == "__main__":
    main()
