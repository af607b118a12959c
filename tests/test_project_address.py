"""Tests that only bridge/util/project.py contains the project's address and contact.

TO FILL IN: `URL` and `CONTACT` in bridge/util/project.py, once the project has a public repository. Until then, both
contain a placeholder, which is not shown anywhere. Everything else is derived from these two values. docs/releasing.md
describes how to fill them in.
"""

from __future__ import annotations

import os
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bridge import __version__
from bridge.cli.commands import doctor
from bridge.cli.parser import build_parser
from bridge.util import project

ROOT = Path(__file__).resolve().parent.parent
OWNER = ROOT / "bridge" / "project.py"
PUBLIC = "https://forge.example.org/somebody/ace-bridge"
MAIL = "somebody@example.org"
PLACEHOLDERS = (f"https://{project.PLACEHOLDER}", f"contact@{project.PLACEHOLDER}")


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "URL", PUBLIC)
    monkeypatch.setattr(project, "CONTACT", MAIL)


def wrong(url: str, contact: str) -> list[str]:
    """Return the errors in an address and a contact. If both are placeholders, they are valid."""
    is_placeholder = [project.PLACEHOLDER in text for text in (url, contact)]
    if all(is_placeholder):
        return []
    parts = urlsplit(url)
    host = parts.hostname or ""
    found = []
    if any(is_placeholder):
        found.append("fill in both URL and CONTACT")
    if parts.scheme != "https" or "." not in host or host.endswith((".invalid", ".localhost")):
        found.append(f"URL is not a public https address: {url}")
    if parts.query or parts.fragment or parts.username or url.endswith("/"):
        found.append(f"URL is not the plain address of a repository: {url}")
    if not re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", contact) or contact.endswith(".invalid"):
        found.append(f"CONTACT is not a mail address: {contact}")
    return found


def files(root: Path) -> Iterator[Path]:
    """Yield all files of the project, except those in virtual environments and in folders listed in .gitignore."""
    ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split() if line.endswith("/")}
    for folder, names, found in os.walk(root):
        names[:] = [name for name in names if name not in ignored | {".git"}]
        names[:] = [name for name in names if not Path(folder, name, "pyvenv.cfg").exists()]
        yield from (Path(folder, name) for name in found)


def spelling(root: Path, *texts: str) -> list[str]:
    """Return the files under `root` that contain at least one of the texts."""
    wanted = [text.encode() for text in texts]
    return sorted(
        path.relative_to(root).as_posix()
        for path in files(root)
        if path.is_file() and any(text in path.read_bytes() for text in wanted)
    )


def test_the_address_and_the_contact_are_placeholders_or_valid() -> None:
    assert wrong(project.URL, project.CONTACT) == [], f"fill in {OWNER.relative_to(ROOT)}, see docs/releasing.md"


def test_no_other_file_spells_the_address_or_the_contact() -> None:
    address = project.URL.removeprefix("https://")
    assert spelling(ROOT, address, project.CONTACT, project.PLACEHOLDER) == ["bridge/util/project.py"], (
        "import it from there"
    )


def test_the_placeholder_is_documented() -> None:
    assert "bridge/util/project.py" in (ROOT / "docs" / "releasing.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("url", "contact", "found"),
    [
        (PUBLIC, MAIL, 0),
        (*PLACEHOLDERS, 0),
        (PUBLIC, PLACEHOLDERS[1], 2),
        (PLACEHOLDERS[0], MAIL, 2),
        ("http://forge.example.org/x", MAIL, 1),
        ("https://localhost/x", MAIL, 1),
        (f"{PUBLIC}/", MAIL, 1),
        (f"{PUBLIC}?tab=readme", MAIL, 1),
        (PUBLIC, "somebody", 1),
        (PUBLIC, "https://example.org/contact", 1),
    ],
)
def test_a_wrong_address_or_contact_is_found(url: str, contact: str, found: int) -> None:
    assert len(wrong(url, contact)) == found


def test_a_second_spelling_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / ".venv").mkdir()
    (tmp_path / "README.md").write_text(f"See {PUBLIC}/issues.")
    (tmp_path / "docs" / "a.md").write_text(f"Write to {MAIL}.")
    (tmp_path / "docs" / "b.md").write_text("Nothing.")
    (tmp_path / ".venv" / "c.md").write_text(PUBLIC)
    (tmp_path / "fresh").mkdir()
    (tmp_path / "fresh" / "pyvenv.cfg").write_text("")
    (tmp_path / "fresh" / "d.md").write_text(PUBLIC)
    assert spelling(tmp_path, PUBLIC.removeprefix("https://"), MAIL) == ["README.md", "docs/a.md"]


def test_nothing_shows_the_placeholder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "URL", PLACEHOLDERS[0])
    assert project.links() == {}
    assert project.authors() == [{"name": "the ace-bridge authors"}]
    assert project.user_agent() == f"ace-bridge/{__version__}"


@pytest.mark.usefixtures("public")
def test_everything_derives_from_the_address() -> None:
    assert project.links() == {
        "Homepage": PUBLIC,
        "Issues": f"{PUBLIC}/issues",
        "Changelog": f"{PUBLIC}/blob/main/CHANGELOG.md",
    }
    assert project.authors() == [{"name": "the ace-bridge authors", "email": MAIL}]
    assert project.user_agent() == f"ace-bridge/{__version__} (+{PUBLIC})"


@pytest.mark.usefixtures("public")
def test_the_support_bundle_says_where_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "home", lambda: tmp_path)
    monkeypatch.setattr(doctor, "examine", lambda context: [])
    doctor.doctor(build_parser().parse_args(["doctor", "--bundle", str(tmp_path / "trouble.zip")]))
    assert f"{PUBLIC}/issues" in capsys.readouterr().out


@pytest.mark.usefixtures("public")
def test_the_reapack_index_points_to_the_tag(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["reapack.py", "v0.1.0", "2026-01-31T12:00:00Z"])
    runpy.run_path(str(ROOT / "scripts" / "reapack.py"), run_name="__main__")
    assert f">{PUBLIC}/raw/v0.1.0/reaper_scripts/ace-bridge_Install.lua<" in capsys.readouterr().out


def test_there_is_no_reapack_index_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "URL", PLACEHOLDERS[0])
    monkeypatch.setattr(sys, "argv", ["reapack.py", "v0.1.0", "2026-01-31T12:00:00Z"])
    with pytest.raises(SystemExit, match=re.escape("bridge/util/project.py")):
        runpy.run_path(str(ROOT / "scripts" / "reapack.py"), run_name="__main__")
