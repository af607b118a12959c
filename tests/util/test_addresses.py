"""What counts as this machine, for everything that asks: senders of OSC, addresses to listen on, URLs of an engine."""

from __future__ import annotations

import pytest

from bridge.engines.fal.hosts import Hosts
from bridge.util.addresses import is_loopback


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::1%1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:7f08:808", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:0.0.0.0", False),
        ("192.168.1.20", False),
        ("::ffff:192.168.1.20", False),
        ("fe80::1%eth0", False),
        ("127.0.0.1%eth0", False),
        ("127.0.0.1.example.org", False),
        ("localhost.example.org", False),
        ("studio.local", False),
        ("127.1", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost"])
def test_audio_may_go_unencrypted_to_this_machine_alone(host: str) -> None:
    hosts = Hosts("https://queue.fal.run", "https://rest.fal.ai", [host.strip("[]"), "example.org"])
    assert hosts.may_have_audio(f"http://{host}:8080/clip.wav")
    assert not hosts.may_have_audio("http://example.org/clip.wav")
