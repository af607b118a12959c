"""Tests authorization over OSC: how senders are unlocked and for how long, and how the secret is protected."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.config.load import load
from bridge.control.command import Command
from bridge.control.table import COMMANDS
from bridge.errors import ConfigInvalid, NotPossibleNow, SecretNeeded, SecretWrong
from bridge.osc.auth import MOST, SPAN, TRIES, Authorization
from bridge.osc.dedup import ECHO
from bridge.osc.peer import Key
from bridge.util.redact import SCRUBBER
from tests.fakes.loop_clock import LoopClock
from tests.fakes.osc_stage import SECRET, SETTINGS, TOKEN, Stage

BY_NAME = {command.name: command for command in COMMANDS}


class Remote:
    """A sender on another machine."""

    def __init__(self, host: str = "192.0.2.7", port: int = 9000) -> None:
        self.key: Key = ("udp", host, port)
        self.host = host
        self.heard: list[tuple[object, ...]] = []

    def send(self, data: bytes) -> bool:
        message = OscMessage(data)
        self.heard.append((message.address, *message.params))
        return True

    def close(self) -> None: ...


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def authorization(clock: Clock, **changes: object) -> Authorization:
    return Authorization(lambda: TOKEN, replace(SETTINGS, **changes), clock)  # type: ignore[arg-type]


def test_only_this_machine_may_stop_the_bridge() -> None:
    auth = authorization(Clock(), secret=SECRET)
    other = Remote()
    auth.unlock(other, SECRET)
    with pytest.raises(NotPossibleNow, match="only from the machine"):
        auth.check(BY_NAME["stop"], {"token": TOKEN}, other)
    auth.check(BY_NAME["stop"], {"token": TOKEN}, Remote("127.0.0.1"))


def may(auth: Authorization, peer: Remote, command: Command = BY_NAME["remix"]) -> bool:
    try:
        auth.check(command, {}, peer)
    except SecretNeeded:
        return False
    return True


def test_this_machine_may_do_everything_and_others_only_control() -> None:
    auth = authorization(Clock(), secret="off")
    for command in COMMANDS:
        assert may(auth, Remote("127.0.0.1"), command)
        assert may(auth, Remote("::1"), command)
        assert may(auth, Remote("::ffff:127.0.0.1"), command)
        if not command.local:
            assert may(auth, Remote(), command) is not command.spends


def test_the_secret_unlocks_only_its_sender_for_a_limited_time() -> None:
    clock = Clock()
    auth = authorization(clock, unlock=60.0)
    peer = Remote()
    assert auth.unlock(peer, SECRET) == 60.0
    assert may(auth, peer)
    assert not may(auth, Remote(port=9001)), "another program on the same machine"
    assert not may(auth, Remote("192.0.2.8"))
    clock.now += 59.9
    assert may(auth, peer)
    clock.now += 0.1
    assert not may(auth, peer)
    auth.unlock(peer, SECRET)
    assert may(auth, peer)


@pytest.mark.parametrize("wrong", ["", "battery-stapl", "battery-staple ", "BATTERY-STAPLE", "ü" * 64, "\ud800"])
def test_a_wrong_secret_unlocks_nothing(wrong: str, caplog: pytest.LogCaptureFixture) -> None:
    auth, peer = authorization(Clock()), Remote()
    with pytest.raises(SecretWrong) as caught:
        auth.unlock(peer, wrong)
    assert not may(auth, peer)
    assert SECRET not in caught.value.text + caplog.text


def test_too_many_wrong_secrets_block_everyone_for_a_while() -> None:
    clock = Clock()
    auth = authorization(clock)
    for number in range(TRIES):
        clock.now += 0.1
        with pytest.raises(SecretWrong):
            auth.unlock(Remote(f"192.0.2.{number}"), "wrong-wrong")
    for secret in ("wrong-wrong", SECRET):
        with pytest.raises(NotPossibleNow):
            auth.unlock(Remote(), secret)
    clock.now += SPAN
    assert auth.unlock(Remote(), SECRET)


def test_without_a_secret_nothing_is_unlocked() -> None:
    auth = authorization(Clock(), secret="off")
    for tried in ("off", "", SECRET):
        with pytest.raises(NotPossibleNow, match="No secret is set") as refused:
            auth.unlock(Remote(), tried)
        assert "`secret` under `[osc]`" in refused.value.hint


def test_the_number_of_unlocked_senders_is_bounded() -> None:
    auth = authorization(Clock())
    peers = [Remote(port=port) for port in range(1, MOST + 2)]
    for peer in peers:
        auth.unlock(peer, SECRET)
    assert not may(auth, peers[0])
    assert all(may(auth, peer) for peer in peers[1:])


async def test_the_server_checks_unlocks_and_runs(stage: Stage, loop_clock: LoopClock) -> None:
    peer = Remote()

    def send(address: str, *arguments: object) -> None:
        stage.surface._receive(build_msg(address, arguments).dgram, peer)

    send("/bridge/remix", 1.0)
    send("/bridge/unlock", "not-the-secret")
    send("/bridge/unlock", SECRET)
    await stage.settle()
    loop_clock.advance(ECHO)  # before this time, the next message would count as a duplicate
    send("/bridge/remix", 1.0)
    await stage.settle()
    answers = [
        (address, arguments[1] if address == "/bridge/error" else arguments[0]) for address, *arguments in peer.heard
    ]
    assert answers == [
        ("/bridge/error", "secret_needed"),
        ("/bridge/error", "secret_wrong"),
        ("/bridge/unlocked", 900.0),
        ("/bridge/accepted", "message-1"),
    ]
    assert stage.bridge.asked.count(("remix",)) == 1


# --- the secret is never written -------------------------------------------------------------------------------------


def test_the_secret_is_never_logged_shown_or_in_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    marked = "Zx9-marked-secret"
    (tmp_path / "config.toml").write_text(f'[osc]\nsecret = "{marked}"\n')
    settings = load(tmp_path, {})
    assert settings.osc.secret == marked
    assert settings.effective()["osc"]["secret"] == "…"
    assert marked not in repr(settings)
    auth = Authorization(lambda: TOKEN, settings.osc)
    with pytest.raises(SecretWrong):
        auth.unlock(Remote(), f"{marked}x")
    auth.unlock(Remote(), marked)
    assert marked not in caplog.text
    assert marked not in SCRUBBER.clean(json.dumps({"said": marked}))


@pytest.mark.parametrize("written", ['"short"', '"with a blank in it"', "12345678", f'"{"x" * 65}"'])
def test_an_invalid_secret_is_refused_and_not_shown(tmp_path: Path, written: str) -> None:
    (tmp_path / "config.toml").write_text(f"[osc]\nsecret = {written}\n")
    with pytest.raises(ConfigInvalid, match=r"\[osc\] secret is hidden here; it takes") as caught:
        load(tmp_path, {})
    assert written.strip('"') not in caught.value.text
