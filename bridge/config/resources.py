"""Finds the files that ship with the bridge: beside the package in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path

from bridge.errors import HomeError

PACKAGE = Path(__file__).resolve().parent.parent
KINDS = ("presets", "reaper_scripts", "live_script", "ardour_scripts", "surfaces", "docs")


def folder(kind: str, package: Path = PACKAGE) -> Path:
    """Return the folder of one kind of shipped file.

    Args:
        kind: one of KINDS.
        package: folder of the bridge's modules.

    Raises:
        HomeError: this installation lacks the folder.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of shipped file")
    shipped, checkout = package / "_assets" / kind, package.parent
    if shipped.is_dir():
        return shipped
    if (checkout / "pyproject.toml").is_file() and (checkout / kind).is_dir():  # not an unrelated folder
        return checkout / kind
    raise HomeError(
        f"This installation of the bridge lacks its {kind} (looked in {shipped}).",
        hint="Install ace-bridge again.",
    )


def file(kind: str, name: str, package: Path = PACKAGE) -> Path:
    """Return the path of one shipped file.

    Raises:
        HomeError: this installation lacks the file.
    """
    path = folder(kind, package) / name
    if not path.is_file():
        raise HomeError(f"This installation of the bridge lacks {kind}/{name}.", hint="Install ace-bridge again.")
    return path
