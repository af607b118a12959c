"""Write the table of packages in THIRD_PARTY_NOTICES.md, or with --check fail if it is out of date.

The packages are those in pyproject.toml and all that they require on Linux, macOS and Windows. Their licences and
addresses come from the metadata of the installed packages. The rows for packages that are not installed here stay
unchanged.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tables import table

PROJECT = Path(__file__).resolve().parent.parent
NOTICES = PROJECT / "THIRD_PARTY_NOTICES.md"
BEGIN, END = "<!-- Written by scripts/notices.py. -->", "<!-- End of the table. -->"
HEADS = ("package", "needed by", "licence", "project")

SYSTEMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
)
PYTHONS = ("3.11", "3.14")  # the oldest and the newest supported version

SPDX = {  # licence text that a package has instead of an SPDX expression → SPDX expression
    "BSD 3-Clause License": "BSD-3-Clause",
    "LGPLv2+": "LGPL-2.0-or-later",
    "LGPLv3": "LGPL-3.0-only",
    "License :: Freely Distributable": "Unlicense",  # python-osc
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",  # colorama
    "License :: OSI Approved :: MIT License": "MIT",
}
HOMES = ("homepage", "source", "source code", "repository", "home", "documentation")  # labels of links, best first

Row = tuple[str, ...]  # cells in the order of HEADS


def declared(project: Path = PROJECT) -> dict[str, str]:
    """Return each package that pyproject.toml lists for users, with the extra that needs it ("": always needed)."""
    about = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {"": about["dependencies"], **about["optional-dependencies"]}
    found: dict[str, str] = {}
    for extra, requirements in groups.items():
        for text in requirements:
            if (name := canonicalize_name(Requirement(text).name)) != about.get("name"):  # the extra `all` names others
                found.setdefault(name, extra)
    return found


def rows(known: Mapping[str, Row]) -> Iterator[Row]:
    """Yield the table's rows; the rows of packages that are not installed are taken from `known`."""
    users: dict[str, set[str]] = {name: {f"`[{extra}]`" if extra else "all"} for name, extra in declared().items()}
    todo = list(users)
    while todo:
        name = todo.pop()
        for needed in _needed(name, known):
            if needed not in users:
                todo.append(needed)
            users.setdefault(needed, set()).add(name)
    for name, needed_by in sorted(users.items()):
        found = _installed(name)
        if found is None and name not in known:
            sys.exit(f"{name} is not installed here and has no row: run this where it is, with all extras installed.")
        facts = (licence(found), home(found)) if found else known[name][2:]
        yield (name, ", ".join(sorted(needed_by)), *facts)


def licence(found: Distribution) -> str:
    """Return an installed package's licence as an SPDX expression.

    Raises:
        KeyError: the metadata has a licence text that is missing from `SPDX`; add the text there.
    """
    about = found.metadata
    if "License-Expression" in about:
        return str(about["License-Expression"])
    text = str(about["License"]) if "License" in about else ""
    classifiers = [line for line in about.get_all("Classifier") or () if line.startswith("License ::")]
    if text not in SPDX and re.fullmatch(r"[\w.+-]+", text):
        return text
    return SPDX[classifiers[0] if text not in SPDX and classifiers else text]


def home(found: Distribution) -> str:
    """Return the project's address from the metadata of an installed package."""
    links = {}
    for line in found.metadata.get_all("Project-URL") or ():
        label, _, address = line.partition(",")
        links[label.strip().lower()] = address.strip()
    if "Home-page" in found.metadata:
        links["homepage"] = str(found.metadata["Home-page"])
    return next((links[label] for label in HOMES if label in links), "")


def read(text: str) -> dict[str, Row]:
    """Return the table's rows by package."""
    inside = text.partition(BEGIN)[2].partition(END)[0]
    lines = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in inside.strip().splitlines()[2:]]
    return {cells[0]: cells for cells in lines}


def written(text: str) -> str:
    """Return the page with a new table."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table(HEADS, rows(read(text)))}\n{END}{rest.partition(END)[2]}"


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _needed(name: str, known: Mapping[str, Row]) -> set[str]:
    """Return the names of the packages that a package requires on any supported system, without its extras."""
    found = _installed(name)
    if found is None:
        return {row[0] for row in known.values() if name in row[1].split(", ")}
    requirements = [Requirement(text) for text in found.requires or ()]
    return {canonicalize_name(one.name) for one in requirements if one.marker is None or _applies(one.marker)}


def _applies(marker: Marker) -> bool:
    if re.search(r"\bextra\b", str(marker)):
        return False
    pythons = ({"python_version": version, "python_full_version": f"{version}.0"} for version in PYTHONS)
    return any(marker.evaluate({**system, **python}) for python in pythons for system in SYSTEMS)


if __name__ == "__main__":
    page = NOTICES.read_text("utf-8")
    new = written(page)
    if new == page:
        sys.exit(0)
    if "--check" in sys.argv:
        sys.exit("THIRD_PARTY_NOTICES.md is out of date: run scripts/notices.py.")
    NOTICES.write_text(new, encoding="utf-8", newline="\n")
