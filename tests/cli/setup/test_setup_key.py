"""Tests how `ace-bridge setup` takes, checks and stores the fal key, against a fake fal and with no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.config.load import load
from tests.cli.setup.person import CTRL_C, Machine, at_terminal
from tests.doctor.examining import KEY
from tests.fakes.fal_server import FalServer
from tests.fakes.free_port import free_port

ANOTHER = KEY.replace("0123abcd", "dcba3210")


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(zero_delay=True, key=KEY) as server:
        yield server


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "user")


def stored(machine: Machine) -> str | None:
    path = machine.home / "credentials"
    return path.read_text("utf-8") if path.exists() else None


def address(url: str) -> dict[str, str]:
    return {"ACE_BRIDGE_FAL_QUEUE_URL": url, "ACE_BRIDGE_FAL_REST_URL": url}


ENGINE = ("--only", "engine")


def test_a_pasted_key_is_checked_and_stored_but_never_shown(machine: Machine, fal: FalServer) -> None:
    with at_terminal(machine, *ENGINE, **address(fal.url)) as person:
        person.answers("Which engine?", "fal")
        shown = person.sees("Enter for none): ")
        assert [line for line in ("1. Create an account", "2. Buy prepaid credit", "3. Create a key") if line in shown]
        assert "$0.0032" in shown
        person.types(f'export FAL_KEY="{KEY}" ')
        person.answers("Check the key with fal now?", "y")
        status, printed = person.leaves()
    assert status == 0, printed
    assert "accepts the key" in printed
    assert stored(machine) == f"FAL_KEY={KEY}\n"
    assert KEY.partition(":")[2] not in printed
    assert not fal.queue.submits(), "nothing was bought"


def test_a_refused_key_is_not_stored_unless_wanted(machine: Machine, fal: FalServer) -> None:
    with at_terminal(machine, *ENGINE, **address(fal.url)) as person:
        person.answers("Which engine?", "1")
        for answer in ("", "y"):
            person.sees("Enter for none): ")
            person.types(ANOTHER)
            person.answers("Check the key with fal now?", "")
            person.sees("fal rejects the key")
            person.sees("Store the key nevertheless? [y/N/s] ")
            assert stored(machine) is None
            person.types(answer)
        status, printed = person.leaves()
    assert status == 0, printed
    assert "The key was not stored." in printed
    assert stored(machine) == f"FAL_KEY={ANOTHER}\n"


def test_without_a_network_the_key_is_stored(machine: Machine) -> None:
    with at_terminal(machine, *ENGINE, **address(f"http://127.0.0.1:{free_port()}")) as person:
        person.answers("Which engine?", "1")
        person.sees("Enter for none): ")
        person.types(KEY)
        person.answers("Check the key with fal now?", "")
        person.sees("fal cannot be reached")
        person.answers("Store the key nevertheless?", "")
        status, printed = person.leaves()
    assert status == 0, printed
    assert stored(machine) == f"FAL_KEY={KEY}\n"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [("some words here", "no spaces"), ('""', "No key was entered"), ("0123abcd", "only one part")],
)
def test_a_text_that_is_no_key_is_explained_and_asked_again(machine: Machine, typed: str, problem: str) -> None:
    with at_terminal(machine, *ENGINE) as person:
        person.answers("Which engine?", "1")
        person.sees("Enter for none): ")
        person.types(typed)
        person.sees(problem)
        if problem == "only one part":
            person.answers("Use it nevertheless?", "")
        person.sees("Enter for none): ")
        person.types("")
        status, printed = person.leaves()
    assert status == 0, printed
    assert "nothing was stored" in printed
    assert stored(machine) is None


@pytest.mark.parametrize("answer", ["s", CTRL_C])
def test_leaving_at_the_key_stores_nothing(machine: Machine, answer: str) -> None:
    with at_terminal(machine, *ENGINE) as person:
        person.answers("Which engine?", "1")
        person.sees("Enter for none): ")
        person.types(answer)
        status, printed = person.leaves()
    assert (status, stored(machine)) == (130 if answer == CTRL_C else 0, None), printed
    assert "Traceback" not in printed


def test_a_stored_key_is_kept_or_checked(machine: Machine, fal: FalServer) -> None:
    machine.home.mkdir(parents=True)
    (machine.home / "credentials").write_text(f"FAL_KEY={ANOTHER}\n")
    with at_terminal(machine, *ENGINE, **address(fal.url)) as person:
        person.answers("Which engine?", "")
        person.answers("Enter another key?", "")
        person.answers("Check the key with fal now?", "y")
        status, printed = person.leaves()
    assert status == 1, printed
    assert "fal rejects the key" in printed
    assert stored(machine) == f"FAL_KEY={ANOTHER}\n"


def test_the_engine_can_be_changed_and_changed_back(machine: Machine) -> None:
    machine.home.mkdir(parents=True)
    (machine.home / "credentials").write_text(f"FAL_KEY={KEY}\n")
    (machine.home / "config.toml").write_text("[osc]\nport = 0  # mine\n")
    with at_terminal(machine, *ENGINE) as person:
        person.answers("Which engine?", "offline")
        status, printed = person.leaves()
    assert status == 0, printed
    assert load(machine.home, {}).engine.default == "offline"
    assert "port = 0  # mine" in (machine.home / "config.toml").read_text()
    with at_terminal(machine, *ENGINE) as person:
        person.answers("Which engine? [1-2, s; Enter: offline]".partition("[")[0], "fal")
        person.answers("Enter another key?", "n")
        person.answers("Check the key with fal now?", "n")
        status, printed = person.leaves()
    assert status == 0, printed
    assert load(machine.home, {}).engine.default == "auto"


def test_a_paid_first_remix_needs_a_yes_to_its_price(machine: Machine, fal: FalServer) -> None:
    settings = {**address(fal.url), "FAL_KEY": KEY}
    with at_terminal(machine, "--only", "remix", **settings) as person:
        person.answers("first remix now", "")
        person.answers("on fal for about $0.0032?", "")
        person.answers("Play both", "n")
        status, printed = person.leaves()
        assert status == 0, printed
        assert "not ACE-Step" in printed
        assert not fal.queue.submits(), "Enter does not spend money"
    with at_terminal(machine, "--only", "remix", **settings) as person:
        person.answers("another remix now", "y")
        person.answers("on fal for about $0.0032?", "y")
        person.answers("Play both", "n")
        status, printed = person.leaves()
        assert status == 0, printed
        assert "(ACE-Step on fal)" in printed.replace("\n      ", " ")
        assert sum(fal.queue.submits().values()) == 1
