"""A Live per test, whose rules are held at the end of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daws.live.double import World
from tests.daws.live.host import Host

Start = Callable[..., Host]


@pytest.fixture
def start_live(home: Path, tmp_path: Path) -> Iterator[Start]:
    """Start a Live with the script: `start_live("12.3.6", tempo=128.0)`; ended, and its rules checked, afterwards."""
    hosts: list[Host] = []

    def start(
        version: str = "12.3.6", *, installed: bool = True, clock: Any = None, command: Any = (), **about: Any
    ) -> Host:
        host = Host(World(version, **about), tmp_path, home if installed else None, clock, command=command)
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.script.disconnect()
        assert host.world.violations == []
        assert [line for line in host.instance.logged if "Traceback" in line] == []
