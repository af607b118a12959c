"""Tests that THIRD_PARTY_NOTICES.md names every package that users install, with its licence."""

from __future__ import annotations

import re
import sys
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "scripts"))

import notices  # noqa: E402 - in scripts/

from tests.test_project_lock import LOCK, pins, version  # noqa: E402

PAGE = (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8")
ROWS = notices.read(PAGE)
LIBRARY = re.compile(r"(lib[a-z]+)[\w.+-]*\.(so|dylib|dll)\b")


def installed(name: str) -> Distribution | None:
    """Return a package if its locked version is installed. Other versions may differ."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return found if found.version in {version(pin) for pin in pins(LOCK).get(name, ())} else None


class Package(Distribution):
    """A fake installed package with the given metadata."""

    def __init__(self, **fields: str) -> None:
        self._fields = Message()
        for name, value in fields.items():
            self._fields[name.replace("_", "-")] = value

    @property
    def metadata(self) -> Message:  # type: ignore[override]
        return self._fields

    def read_text(self, filename: str) -> str | None:
        return None

    def locate_file(self, path: object) -> Path:  # type: ignore[override]
        return ROOT


def test_every_package_that_pyproject_names_is_listed() -> None:
    declared = notices.declared()
    assert {"httpx", "numpy", "jack-client", "keyring"} <= set(declared)
    for name, extra in declared.items():
        assert name in ROWS, f"run scripts/notices.py: {name} is missing"
        assert (f"`[{extra}]`" if extra else "all") in ROWS[name][1]


def test_the_table_lists_what_those_packages_need_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "_installed", installed)
    assert {row[0]: row[1] for row in notices.rows(ROWS)} == {name: row[1] for name, row in ROWS.items()}, (
        "run scripts/notices.py"
    )


def test_every_row_has_a_licence() -> None:
    assert [name for name, row in ROWS.items() if not row[2]] == []


def test_the_licences_are_those_of_the_installed_packages() -> None:
    found = {name: package for name in ROWS if (package := installed(name))}
    assert found, "install requirements.lock"
    assert {name: notices.licence(package) for name, package in found.items()} == {
        name: ROWS[name][2] for name in found
    }, "run scripts/notices.py"


def test_every_library_inside_a_wheel_is_named() -> None:
    bundled = {
        (name, library[1])
        for name in ROWS
        if (package := installed(name))
        for file in package.files or ()
        if (library := LIBRARY.fullmatch(file.name))
    }
    assert ("soundfile", "libsndfile") in bundled
    also = {"libscipy": "OpenBLAS", "libportaudio": "PortAudio"}
    named = PAGE.partition("## Libraries inside")[2].partition("\n\n## ")[0]
    rows = "\n".join(line for line in named.splitlines() if line.startswith("|"))
    assert [(name, library) for name, library in bundled if also.get(library, library) not in rows] == []


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License_Expression": "MIT OR Zlib", "License": "see below"}, "MIT OR Zlib"),
        ({"License": "MPL-2.0", "Classifier": "License :: OSI Approved :: something"}, "MPL-2.0"),
        ({"License": "LGPLv2+"}, "LGPL-2.0-or-later"),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        ({"License": "Do what\nyou want.", "Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
    ],
)
def test_a_licence_is_read_from_metadata(fields: dict[str, str], licence: str) -> None:
    assert notices.licence(Package(**fields)) == licence


def test_an_unknown_licence_is_an_error() -> None:
    with pytest.raises(KeyError):
        notices.licence(Package(License="Do what you want."))


def test_a_project_address_is_read_from_metadata() -> None:
    assert notices.home(Package(Home_page="https://a.example")) == "https://a.example"
    assert notices.home(Package(Project_URL="Source Code, https://b.example")) == "https://b.example"
    assert notices.home(Package()) == ""


def test_rows_of_packages_that_are_not_installed_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["no-such-package"]\n[project.optional-dependencies]\nx = ["Gone.Too>=1"]\n'
    )
    declared = notices.declared(tmp_path)
    assert declared == {"no-such-package": "", "gone-too": "x"}
    monkeypatch.setattr(notices, "declared", lambda: declared)
    known = {
        "no-such-package": ("no-such-package", "old", "MIT", "https://a.example"),
        "its-part": ("its-part", "no-such-package", "Zlib", ""),
        "gone-too": ("gone-too", "old", "0BSD", ""),
        "unrelated": ("unrelated", "other", "MIT", ""),
    }
    assert list(notices.rows(known)) == [
        ("gone-too", "`[x]`", "0BSD", ""),
        ("its-part", "no-such-package", "Zlib", ""),
        ("no-such-package", "all", "MIT", "https://a.example"),
    ]
    with pytest.raises(SystemExit, match="gone-too"):
        list(notices.rows({}))
