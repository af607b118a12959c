"""How this copy of ace-bridge was installed, and the commands that add an extra to it or remove it.

A running program cannot do either safely, so the user types the command. It names this copy, because `pip` or `python`
alone may belong to another one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bridge.util.shell import typed

NAME = "ace-bridge"
EXTRA = re.compile(r"""extra == ['"]([\w-]+)['"]""")
SYSTEM = re.compile(r"""sys_platform == ['"](\w+)['"]""")
PACKAGE = re.compile(r"[\w.-]+")
# Where uv's record of a tool may say that it came from. https://docs.astral.sh/uv/concepts/tools/
SOURCES = ("editable", "directory", "path", "url")


@dataclass(frozen=True, slots=True)
class Installed:
    """What the metadata of an installed copy say."""

    editable: bool = False  # the environment refers to a checkout instead of containing the package
    requirements: Sequence[str] = ()  # the lines Requires-Dist, for example “mido>=1.3.3; extra == 'midi'”

    def packages(self, extra: str, platform: str) -> list[str]:
        """Return the names of an extra's packages on a system."""
        found = []
        for line in self.requirements:
            text, _, marker = line.partition(";")
            name = PACKAGE.match(text)
            if name and extra in EXTRA.findall(marker) and set(SYSTEM.findall(marker)) <= {platform}:
                found.append(name[0])
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Copy:
    """A copy of ace-bridge and the Python environment that runs it."""

    prefix: Path  # the environment, as in `sys.prefix`
    python: str  # its Python, as in `sys.executable`
    package: Path  # the folder of the package `bridge`
    platform: str  # as in `sys.platform`; decides the quotes
    installed: Installed | None = field(default_factory=Installed)  # None: run from a folder without installation
    has_pip: bool = True  # environments made by uv have none
    managed: bool = False  # the system's package manager owns this Python, so pip refuses to change it (PEP 668)

    def to_add(self, extra: str) -> str:
        """Return the command that installs an extra into this copy."""
        packages = self.installed.packages(extra, self.platform) if self.installed else []
        if self._is_pipx:
            words = ["pipx", "inject", NAME, *packages]
        elif self._own_uv:
            words = [str(self._own_uv), "pip", "install", "--python", self.python, *packages]
        elif self._receipt.is_file():
            words = self._uv_tool_with(packages)
        elif self.installed is None or self.installed.editable:
            words = self._pip("install", "--editable", f"{self.package.parent}[{extra}]")
        else:
            words = self._pip("install", f"{NAME}[{extra}]")
        return typed(words, self.platform)

    def to_remove(self) -> str:
        """Return what the user does to remove this copy, as a command if possible."""
        if self._is_pipx:
            return f"pipx uninstall {NAME}"
        if self._own_uv:
            return f"delete the folder {self._own_uv.parents[1]}"
        if self._receipt.is_file():
            return f"uv tool uninstall {NAME}"
        if self.installed is None or self._contains_its_environment:
            return f"delete the folder {self.package.parent}"
        return typed(self._pip("uninstall", NAME), self.platform)

    # --- inner parts -------------------------------------------------------------------------------------------------

    @property
    def _is_pipx(self) -> bool:
        return (self.prefix / "pipx_metadata.json").is_file()

    @property
    def _receipt(self) -> Path:
        """The file in which uv records how it installed a tool."""
        return self.prefix / "uv-receipt.toml"

    @cached_property
    def _own_uv(self) -> Path | None:
        """The uv that the double-click installer put beside this copy, in APP/uv; the environment is APP/tools/NAME.

        `uv tool` would need the installer's environment variables, so its commands cannot be typed.
        """
        if not self._receipt.is_file():
            return None
        uv = self.prefix.parent.parent / "uv" / ("uv.exe" if self.platform == "win32" else "uv")
        return uv if uv.is_file() else None

    @property
    def _contains_its_environment(self) -> bool:
        return self.prefix not in self.package.parents and self.package.parent in self.prefix.parents

    def _pip(self, verb: str, *words: str) -> list[str]:
        if not self.has_pip:
            return ["uv", "pip", verb, "--python", self.python, *words]
        allowed = ["--break-system-packages"] if self.managed else []
        return [self.python, "-m", "pip", verb, *allowed, *words]

    def _uv_tool_with(self, packages: Sequence[str]) -> list[str]:
        """Return the command that repeats `uv tool install` with more packages. uv forgets those that are not named."""
        import tomllib

        try:
            listed: list[dict[str, Any]] = tomllib.loads(self._receipt.read_text("utf-8"))["tool"]["requirements"]
        except (OSError, ValueError, LookupError, TypeError):
            listed = []
        main = next((one for one in listed if one.get("name") == NAME), {})
        others = [_requirement(one) for one in listed if one.get("name") != NAME]
        words = ["uv", "tool", "install"]
        words += ["--editable"] if "editable" in main else []
        for name in dict.fromkeys([*others, *packages]):
            words += ["--with", name]
        return [*words, _requirement({"name": NAME, **main})]


def _requirement(entry: Mapping[str, Any]) -> str:
    """Return what to name for an entry of uv's record: a path, an address, or the name of the package."""
    source = next((str(entry[one]) for one in SOURCES if one in entry), None)
    extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
    if source is None:
        return f"{entry['name']}{extras}{entry.get('specifier', '')}"
    return f"{source}{extras}"


def this_copy() -> Copy:
    """Return the running copy."""
    import sysconfig
    from importlib.util import find_spec

    prefix = Path(sys.prefix)
    return Copy(
        prefix=prefix,
        python=sys.executable,
        package=Path(__file__).resolve().parents[1],
        platform=sys.platform,
        installed=_installed(),
        has_pip=find_spec("pip") is not None,
        managed=sys.prefix == sys.base_prefix and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file(),
    )


def _installed() -> Installed | None:
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution(NAME)
    except PackageNotFoundError:
        return None
    origin = json.loads(found.read_text("direct_url.json") or "{}")  # PEP 610
    return Installed(bool(origin.get("dir_info", {}).get("editable")), tuple(found.requires or ()))
