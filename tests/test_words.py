"""Tests that banned phrases do not occur, and that no text refers to a document outside the repository.

The phrases are literally translated idioms and invented terms. PHRASES gives a better wording for each.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BINARY = {".png", ".tosc"}

# Banned phrase → better wording. A space in a phrase also matches line breaks, comment signs and underscores.
PHRASES = {
    # terms
    "stands on a new track": "appears on a new track",
    "what it shall become": "Style",
    "what shall be sung": "Lyrics",
    "cry for help": "support bundle",
    "said hello": "connected",
    "says hello": "connects",
    "strict double": "strict mock",
    "who knows better": "to override this check, set …",
    "so much has to be confirmed": "confirm this cost with `--yes`",
    "carries none of those": "let OSC carry text",
    "nothing of this job": "nothing to retry in this job",
    "the offset is not clear": "timing not corrected (29 % confidence)",
    "left as it came": "not corrected",
    "as the engine likes": "engine default",
    "by chance": "random",
    "bad way": "unreliable network",
    "bad ways": "unreliable network",
    "how an endless knob counts": "encoder mode",
    "endless knob": "encoder",
    "twos, offset, sign": "two's complement, binary offset, sign-magnitude",
    "file of somebody else": "a file not installed by ace-bridge",
    "where one of the bridge's should": "is in the way",
    "who is made when": "the order in which variations run",
    "delivered twice": "a duplicate message",
    "it is being made": "started",
    "tells how it goes": "shows progress",
    "go on with what failed": "resume a failed job",
    "beyond any level": "out of range",
    "two makings": "two versions",
    "makings of": "versions of",
    "or its beginning": "or unique prefix",
    "blanks": "spaces",
    "panorama": "pan",
    "tells of": "reports",
    "told of": "reported",
    "let go of": "closed, released",
    "lets go of": "closes, releases",
    "letting go of": "closing, releasing",
    "hold it to": "check against",
    "holds it to": "checks against",
    "laid beside": "compared with",
    "lays beside": "compares with",
    "made anew": "recreated",
    # whole sentences
    "where messages are taken in": "handles inbox messages",
    "say of them is acted on": "applies what DAWs and users report",
    "so many variations at a time": "at most `slots` variations at a time",
    "cancel tells the truth": "cancelling reports what really happened",
    "has not heard of yet": "not yet sent to",
    "good until the job": "valid until the job changes",
    "instead of the daemon's": "instead of the daemon",
    "cannot be done as it was asked for": "the request is invalid",
    "go on from the last finished stage": "resume at the last finished stage",
    "goes on from the last finished stage": "resumes at the last finished stage",
    "it goes on without this window": "the job continues in the background",
    "remixes that were ordered": "submitted remixes",
    "start the bridge again and it goes on": "start the bridge again and it continues",
    "what could not be written": "unfinished files",
    "let a dying worker end": "wait for a dying worker",
    "steps by a test": "test the order of the steps",
    "what is owed": "refunds and bills",
}
REFERENCES = (r"DESIGN\.md", r"\brule \d", r"\(reference:", r"shared/reference", r"\bhouse\.md", r"\bwords\.md")
ALLOWED_AFTER = {"by chance": ("than",)}  # phrase → words that may precede it, as in “than by chance”
_GAP = r"""[\s"'`#/*>|_-]+"""  # gap between two words, possibly with a line break in a comment or string


def pattern(phrase: str) -> re.Pattern[str]:
    """Return a pattern that matches a phrase even across lines and within names."""
    words = _GAP.join(re.escape(word) for word in phrase.split())
    return re.compile(f"(?<![A-Za-z]){words}(?![A-Za-z])", re.IGNORECASE)


PATTERNS = {phrase: pattern(phrase) for phrase in PHRASES}


def findings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line number and a description of each banned phrase or reference in a text."""
    lowered = text.lower()
    for phrase, compiled in PATTERNS.items():
        if max(phrase.lower().split(), key=len) not in lowered:  # a quick check, faster than the pattern
            continue
        for found in compiled.finditer(text):
            if text[: found.start()].rstrip().endswith(ALLOWED_AFTER.get(phrase, ())):
                continue
            yield _line(text, found), f"“{phrase}”; better: {PHRASES[phrase]}"
    for reference in REFERENCES:
        for found in re.finditer(reference, text):
            yield _line(text, found), f"“{found[0]}” refers to a document outside the repository"


def _line(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start()) + 1


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and content of every text file in the project, except this file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    for name in sorted(filter(None, listed.stdout.decode().split("\0"))):
        path = ROOT / name
        if path.is_file() and path.suffix not in BINARY and path != Path(__file__).resolve():
            yield name, path.read_text("utf-8", "replace")


def test_no_text_has_an_old_phrase_or_an_outside_reference() -> None:
    found = [f"{name}:{line}: {reason}" for name, text in texts() for line, reason in sorted(findings(text))]
    assert not found, "\n".join(found)


def test_every_kind_of_text_is_searched() -> None:
    names = {name for name, _ in texts()}
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "bridge/daemon.py", "scripts/test", ".ci/run"} <= names
    assert {Path(name).suffix for name in names} >= {".py", ".md", ".lua", ".toml", ".json"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("The remix\nstands on a new track.", 2),
        ("# sent again on a bad\n# way", 1),
        ('raise ValueError("seed by "\n    "chance")', 1),
        ("def test_a_bad_way() -> None: ...", 1),
        ("It Tells Of errors", 1),
        ("See rule 8.", 1),
        ("see DESIGN.md", 1),
    ],
)
def test_a_planted_phrase_is_found(text: str, line: int) -> None:
    assert [number for number, _ in findings(text)] == [line]


@pytest.mark.parametrize(
    "text", ["in a bad wayward place", "more alike than by chance", "a rule of 3", "reference: the usual level"]
)
def test_similar_text_is_allowed(text: str) -> None:
    assert list(findings(text)) == []
