"""Fixtures and helpers: each test gets a mock Live that is checked for violations of Live's rules after the test."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.osc.packet import build
from tests.daws.live.double import World
from tests.daws.live.host import Host, put_clip
from tests.daws.live.music import write_clicks
from tests.waiting import PATIENCE

Start = Callable[..., Host]


@pytest.fixture
def start_live(home: Path, tmp_path: Path) -> Iterator[Start]:
    """Yield a function that starts a mock Live with the script, as in `start_live("12.3.6", tempo=128.0)`.

    After the test, the fixture ends every mock Live and checks each for violations of Live's rules.
    """
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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_clicks(tmp_path / "source.wav", [0.5, 1.5, 2.5], 8.0)
    return tmp_path / "source.wav"


def ring(host: Host, address: str, times: int = 1) -> socket.socket:
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.bind(("127.0.0.1", 0))
    channel.settimeout(PATIENCE)
    for _ in range(times):
        channel.sendto(build(address), ("127.0.0.1", host.script._bell.port))
    return channel


def live_with_clip(start_live: Start, file: Path, version: str = "12.3.6", **about: Any) -> Host:
    host = start_live(version, **about)
    put_clip(host.world, file, 8.0, end=4.0)
    host.tick(2)
    return host
