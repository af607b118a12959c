"""The table of style families.

`words.py` chooses a family and `chain.py` applies it. docs/offline.md has measurements of each family.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.audio.offline.bass import Bass
from bridge.audio.offline.drums import Kit
from bridge.audio.offline.dynamics import Duck
from bridge.audio.offline.filters import Bump, Sweep, Tone
from bridge.audio.offline.grooves import Groove
from bridge.audio.offline.space import Echo, Reverb

DEFAULT_KIT = Kit()


@dataclass(frozen=True, slots=True)
class Family:
    """One style."""

    name: str  # name in presets and results
    does: str  # description for users, one line
    amount: float  # default distance from the source, 0..1
    felt: tuple[float, float]  # BPM range of the style; the tempo is doubled or halved to fit
    cut: str  # name of the cut, a key of cuts.CUTS
    tone: Tone  # fixed filter
    sweep: Sweep | None = None  # filter that moves with the bars
    music: float = 0.0  # level of the filtered clip, dB relative to the clip's loudness
    drive: float = 0.0  # saturation, 0..1
    wobble: float = 0.0  # wow, cents
    pad: float = 0.0  # amount of the clip that a pad replaces, 0..1
    shimmer: float = 0.0  # level of the pad's upper octave, 0..1
    echo: Echo | None = None  # echoes in time with the beat
    reverb: Reverb | None = None
    duck: Duck | None = None  # ducking of the clip under the kick
    groove: Groove | None = None  # drum patterns
    kit: Kit = DEFAULT_KIT  # drum sounds
    drums: float = 0.0  # peak of a full kick, dB relative to the clip's loudness
    bass: Bass | None = None  # bass that plays the clip's own bass notes
    crackle: float | None = None  # vinyl noise, dB relative to the clip's loudness; None for none


LOFI = Family(
    name="lofi",
    does="dusty two-bar loops, wavering tape, a soft swung beat",
    amount=0.7,
    felt=(60.0, 112.0),
    cut="loop",
    tone=Tone(70.0, 3400.0, (Bump(220.0, 2.5, 1.0), Bump(900.0, -2.0, 0.8))),
    drive=0.45,
    wobble=14.0,
    reverb=Reverb(1.1, -16.0, 2500.0),
    duck=Duck(4.0, 0.8),
    groove=Groove(
        bars=(
            {"kick": "X.....o..xo.....", "snare": "....x..-....x..?", "hat": "x.o.x.o.x.o.x.o."},
            {"kick": "X..o......x..o..", "snare": "....x....-..x...", "hat": "x.o.x.oox.o.x.o."},
        ),
        fill={
            "kick": "X.....o..x......",
            "snare": "....x..-..o.x-oo",
            "hat": "x.o.x.o.x.......",
            "open": "..............o.",
        },
        swing=0.28,
        form=False,
    ),
    kit=Kit(
        kick_pitch=55.0, kick_seconds=0.24, kick_click=0.2, snare_pitch=175.0, snare_seconds=0.16, brightness=5200.0
    ),
    drums=9.0,
    crackle=-14.0,
)

HOUSE = Family(
    name="house",
    does="four on the floor, the clip pumping under it and opening up over eight bars",
    amount=0.7,
    felt=(95.0, 150.0),
    cut="straight",
    tone=Tone(130.0, 22000.0, (Bump(350.0, -2.0, 0.8), Bump(6000.0, 2.0, 1.2))),
    sweep=Sweep("high", 1100.0, 20000.0, 8, "rise"),
    drive=0.2,
    echo=Echo(0.75, 0.4, -13.0, 3),
    reverb=Reverb(1.3, -17.0, 4000.0),
    duck=Duck(11.0, 0.75),
    groove=Groove(
        bars=(
            {
                "kick": "X...X...X...X...",
                "clap": "....x.......x...",
                "open": "..x...x...x...x.",
                "hat": "o.-oo.-oo.-oo.-o",
                "shaker": "oxoxoxoxoxoxoxox",
            },
            {
                "kick": "X...X...X...X...",
                "clap": "....x.......x..?",
                "open": "..x...x...x...x.",
                "hat": "o.-oo.-oo.-ooo-o",
                "shaker": "oxoxoxoxoxoxoxox",
            },
        ),
        fill={
            "kick": "X...X...X.......",
            "clap": "....x...o.o.oxxX",
            "open": "..x...x...x.....",
            "hat": "o.-oo.-oo.......",
            "shaker": "oxoxoxoxoxoxoxox",
        },
        bass=("..x...x...x...x.",),
        swing=0.08,
    ),
    kit=Kit(kick_pitch=48.0, kick_seconds=0.34, kick_click=0.45, snare_seconds=0.18, brightness=15000.0),
    drums=10.0,
    bass=Bass("sub", -10.0),
)

TECHNO = Family(
    name="techno",
    does="a hard straight kick, the clip narrowed to a band that moves through the spectrum",
    amount=0.75,
    felt=(110.0, 155.0),
    cut="breaks",
    tone=Tone(320.0, 22000.0, (Bump(1800.0, 3.0, 0.7),)),
    sweep=Sweep("high", 900.0, 6000.0, 4, "wave"),
    drive=0.45,
    echo=Echo(0.75, 0.55, -9.0, 2),
    reverb=Reverb(2.2, -15.0, 3500.0),
    duck=Duck(14.0, 0.6),
    groove=Groove(
        bars=(
            {
                "kick": "X...X...X...X...",
                "hat": "..x...x...x...x.",
                "ride": "x.x.x.x.x.x.x.x.",
                "rim": "...o..o....o..o.",
            },
            {
                "kick": "X...X...X...X...",
                "hat": "..x...x...x..xx.",
                "ride": "x.x.x.x.x.x.x.x.",
                "clap": "....o.......o...",
            },
        ),
        fill={"kick": "X...X...X.X.X.xx", "hat": "..x...x...x...x.", "snare": "............-oxX"},
        arc=("full", "full", "full", "break"),
    ),
    kit=Kit(kick_pitch=46.0, kick_seconds=0.30, kick_click=0.8, brightness=16000.0),
    drums=11.0,
)

DRUM_AND_BASS = Family(
    name="drum and bass",
    does="a fast two-step break and a moving bass under the thinned clip",
    amount=0.75,
    felt=(135.0, 190.0),
    cut="breaks",
    tone=Tone(190.0, 22000.0, (Bump(500.0, -2.5, 0.8), Bump(7500.0, 3.5, 1.2))),
    drive=0.3,
    echo=Echo(1.5, 0.35, -15.0, 2),
    reverb=Reverb(1.6, -15.0, 6000.0),
    duck=Duck(6.0, 0.5),
    groove=Groove(
        bars=(
            {
                "kick": "X.........x.....",
                "snare": "....X..o.o..X..-",
                "hat": "xoxoxoxoxoxoxoxo",
                "ride": "..o...o...o...o.",
            },
            {
                "kick": "X.....o...x.....",
                "snare": "....X..o.-..X.o.",
                "hat": "xoxoxooxxoxoxoxx",
                "ride": "..o...o...o...o.",
            },
        ),
        fill={
            "kick": "X.........x..x..",
            "snare": "....X..-.x.oX-xX",
            "hat": "x.o.x.o.x.o.....",
            "open": "..............x.",
        },
        bass=("X.....x...x.....", "X.......x..x..x."),
        arc=("full", "full", "full", "break"),
    ),
    kit=Kit(
        kick_pitch=54.0, kick_seconds=0.2, kick_click=0.7, snare_pitch=205.0, snare_seconds=0.19, brightness=16000.0
    ),
    drums=13.0,
    bass=Bass("reese", -10.5),
)

AMBIENT = Family(
    name="ambient",
    does="the clip dissolved into a wide slow pad of its own harmony, no drums",
    amount=0.75,
    felt=(50.0, 200.0),
    cut="straight",
    tone=Tone(60.0, 7000.0, (Bump(300.0, 1.5, 1.0), Bump(3000.0, -3.0, 1.0))),
    sweep=Sweep("high", 1800.0, 9000.0, 8, "wave"),
    pad=0.85,
    shimmer=0.35,
    echo=Echo(1.5, 0.6, -8.0, 4),
    reverb=Reverb(4.0, -3.0, 3000.0),
)

DUB = Family(
    name="dub",
    does="off-beat stabs thrown into long tape echoes over a one-drop and a deep bass",
    amount=0.75,
    felt=(60.0, 100.0),
    cut="off-beat",
    tone=Tone(160.0, 6000.0, (Bump(800.0, 2.5, 0.9),)),
    sweep=Sweep("high", 2200.0, 7000.0, 4, "wave"),
    music=1.0,
    drive=0.35,
    wobble=6.0,
    echo=Echo(0.75, 0.66, -4.0, 5),
    reverb=Reverb(2.4, -11.0, 2600.0),
    duck=Duck(4.0, 0.6),
    groove=Groove(
        bars=(
            {"kick": "........X.......", "rim": "........x..-...-", "hat": "o.x.o.x.o.x.o.x."},
            {"kick": "........X.....o.", "rim": "......-.x......-", "hat": "o.x.o.x.o.x.oox."},
        ),
        fill={
            "kick": "........X.......",
            "rim": "........x.......",
            "snare": "..........o-oxxX",
            "hat": "o.x.o.x.........",
        },
        bass=("X..x..-.X...x.-.", "X..x..x.-...x.-."),
        swing=0.12,
    ),
    kit=Kit(kick_pitch=47.0, kick_seconds=0.36, kick_click=0.25, snare_pitch=210.0, brightness=7000.0),
    drums=10.0,
    bass=Bass("sub", -6.0),
)

TRAP = Family(
    name="half-time trap",
    does="the clip at half speed, an octave down, under a half-time beat with rolling hats and an 808",
    amount=0.75,
    felt=(115.0, 180.0),
    cut="half speed",
    tone=Tone(90.0, 6500.0, (Bump(250.0, -2.0, 0.8), Bump(2500.0, 2.0, 1.0))),
    sweep=Sweep("high", 2600.0, 9000.0, 8, "wave"),
    drive=0.3,
    reverb=Reverb(2.0, -13.0, 3000.0),
    duck=Duck(6.0, 1.0),
    groove=Groove(
        bars=(
            {"kick": "X.....x...o.....", "clap": "........X.......", "hat": "x.x.x.x.x.x.x.rx"},
            {"kick": "X..........x..x.", "clap": "........X.......", "hat": "x.x.xxx.x.r.x.R."},
        ),
        fill={
            "kick": "X.....x.........",
            "clap": "........X.......",
            "hat": "x.r.x.R.x.......",
            "snare": "..........-ooxxX",
            "open": "......o.........",
        },
        bass=("X.....x...o.....", "X..........x..x."),
    ),
    kit=Kit(kick_pitch=44.0, kick_seconds=0.4, kick_click=0.6, snare_seconds=0.22, brightness=16000.0),
    drums=11.0,
    bass=Bass("808", -5.0),
)

CHOPPED = Family(
    name="chopped",
    does="the clip cut into eighths and replayed on a sampler's pads: shuffled, repeated, reversed",
    amount=0.7,
    felt=(75.0, 150.0),
    cut="chop",
    tone=Tone(60.0, 8500.0, (Bump(1500.0, 1.5, 1.0),)),
    drive=0.5,
    reverb=Reverb(0.7, -20.0, 4000.0),
    duck=Duck(3.0, 0.4),
    groove=Groove(
        bars=(
            {"kick": "X......x..x.....", "snare": "....X.......X..-", "hat": "x...x...x.o.x..."},
            {"kick": "X..x......x..x..", "snare": "....X..?....X...", "hat": "x...x.o.x...x.oo"},
        ),
        fill={"kick": "X......x..x.....", "snare": "....X.......oxXX", "hat": "x.x.x.x.x......."},
        swing=0.2,
        arc=("full", "full", "full", "break"),
        form=False,
    ),
    kit=Kit(kick_pitch=52.0, kick_seconds=0.22, kick_click=0.55, snare_pitch=185.0, brightness=6000.0),
    drums=11.0,
)

FAMILIES: Mapping[str, Family] = {
    family.name: family for family in (LOFI, HOUSE, TECHNO, DRUM_AND_BASS, AMBIENT, DUB, TRAP, CHOPPED)
}
