"""Tests datagrams to the script and requests by the daemon: bursts, pauses, invalid packets, and a missing socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from bridge.osc.packet import parse
from tests.daws.live.conftest import Start, live_with_clip, ring
from tests.daws.live.host import Clock, put_clip


def test_a_burst_of_datagrams_makes_one_request(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    ring(host, "/bridge/remix", 50).close()
    host.tick(5)
    (message,) = host.messages("selection")
    assert message["args"]["trigger"] == "osc"


def test_requests_during_a_modal_of_30_seconds_are_dropped(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    ring(host, "/bridge/remix", 20).close()
    host.outbox(ask={"id": "old", "command": "selection"})
    host.clock.now += 30.0  # type: ignore[attr-defined]
    host.wall.now += 30.0
    host.tick(5)
    assert host.messages("selection") == []
    ring(host, "/bridge/remix").close()
    host.tick(2)
    assert len(host.messages("selection")) == 1


def test_a_stale_burst_is_dropped_completely(start_live: Start, file: Path) -> None:
    """Reading the burst takes several ticks, because each tick reads packets for only 8 ms (here, eight packets)."""
    host = live_with_clip(start_live, file)
    clock = host.clock
    assert isinstance(clock, Clock)
    ring(host, "/bridge/remix", 60).close()
    clock.now += 30.0
    real = host.script._bell.messages

    def slow(within: Any) -> Any:
        for one in real(within):
            clock.now += 0.001
            yield one

    host.script._bell.messages = slow
    host.tick(3)
    assert not host.script._bell.drained
    host.tick(12)
    assert host.script._bell.drained
    assert host.messages("selection") == []
    ring(host, "/bridge/remix").close()
    host.tick(2)
    assert len(host.messages("selection")) == 1


def test_a_question_is_answered_once(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    for _ in range(3):
        host.outbox(ask={"id": "same", "command": "selection"})
        host.tick(20)
    assert len(host.messages("selection")) == 1


def test_a_tick_reads_messages_for_at_most_8_ms(start_live: Start, file: Path) -> None:
    class Slow:
        now = 0.0

        def __call__(self) -> float:
            self.now += 0.001
            return self.now

    host = start_live(clock=Slow())
    put_clip(host.world, file, 8.0, end=4.0)
    host.tick()
    ring(host, "/bridge/heartbeat", 100).close()
    taken = []
    real = host.script._bell.messages
    host.script._bell.messages = lambda within: (taken.append(one) or one for one in real(within))
    host.tick()
    assert 0 < len(taken) <= 8
    host.tick(20)
    assert len(taken) == 100


def test_invalid_packets_and_pings(start_live: Start, file: Path) -> None:
    host = live_with_clip(start_live, file)
    with ring(host, "/bridge/ping") as channel:
        for rubbish in (b"", b"\0", b"/bridge/remix\0\0\0,s\0\0abc", b"#bundle\0", b"\xff" * 40):
            channel.sendto(rubbish, ("127.0.0.1", host.script._bell.port))
        host.tick(2)
        (pong,) = parse(channel.recv(1000), 1000, 2)
    assert (pong.address, pong.arguments) == ("/bridge/pong", (host.package.VERSION, 1))
    assert host.messages("selection") == []


def test_another_program_has_the_daemons_port(start_live: Start, file: Path, home: Path) -> None:
    """The script ignores the other program's packets, and still exchanges files with the bridge."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        (home / "daemon.json").write_text(json.dumps({"osc_port": other.getsockname()[1]}))
        host = live_with_clip(start_live, file)
        other.sendto(b"GET / HTTP/1.1", ("127.0.0.1", host.script._bell.port))
        host.ask()
    assert len(host.messages("selection")) == 1
    host.tick(3)


def test_without_a_socket(start_live: Start, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no sockets here")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", refuse)
        host = start_live()
    put_clip(host.world, file, 8.0, end=4.0)
    host.ask()
    assert len(host.messages("selection")) == 1
