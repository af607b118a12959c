"""Fixtures: one virtual screen for all tests, and for each test an Ardour, a daemon and a session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.daws.ardour import rig
from tests.daws.ardour.program import ROOT, Program, under_test
from tests.daws.ardour.studio import Studio
from tests.fakes.fal_server import FalServer
from tests.fakes.jack.server import HURRY, Sandbox
from tests.fakes.processes import KEY
from tests.waiting import until

Open = Callable[..., Studio]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder as needing Ardour, here or in a root."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.needs("roots" if os.environ.get(ROOT) else "ardour"))


@pytest.fixture
def fal() -> Iterator[FalServer]:
    with FalServer(zero_delay=True, key=KEY) as server:
        yield server


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    with rig.screen() as name:
        yield name


@pytest.fixture(scope="session")
def program() -> Program:
    return under_test()


@pytest.fixture(scope="session")
def templates(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Return a function that makes an empty session for a sample rate; the session for each rate is made only once."""
    made: dict[int, Path] = {}

    def template(rate: int) -> Path:
        if rate not in made:
            made[rate] = program.new_session(tmp_path_factory.mktemp("sessions") / str(rate) / "song", "song", rate)
        return made[rate]

    return template


@pytest.fixture
def open_studio(program: Program, display: str, templates: Callable[[int], Path], tmp_path: Path) -> Iterator[Open]:
    """Yield a function that installs the bridge and starts a daemon and Ardour; both are stopped after the test."""
    opened: list[Studio] = []

    def studio(
        rate: int = 48_000,
        *,
        osc: bool = True,
        midi: bool = False,
        engine: Mapping[str, str] = rig.DUMMY,
        daemon: bool = True,
        wait: bool = True,
        options: tuple[str, ...] = (),
        prepare: Callable[[Studio], None] = lambda studio: None,
        room: Sandbox | None = None,
        ardour_environ: Mapping[str, str] = MappingProxyType({}),
        **environ: Any,
    ) -> Studio:
        person = tmp_path / "person"
        person.mkdir()
        ardour = rig.Ardour(program, person, display, ardour_environ)
        if room:
            ardour.environ, ardour.prefix = {**ardour_environ, **room.environ}, (*HURRY, *room.prefix)
        ardour.configure(rate, engine)
        session = rig.copy_session(templates(rate), tmp_path / "songs" / "song")
        rig.switch_on(session, osc=osc, midi=midi)
        one = Studio(ardour, tmp_path / "bridge", session, rate)
        opened.append(one)
        one.bridge("install", "ardour", "--yes")
        ardour.give_hand()
        prepare(one)
        if daemon:
            one.start_daemon(**environ)
        ardour.start(session, *(option.format(config=ardour.config) for option in options), wait=wait)
        return one

    yield studio
    for one in opened:
        one.close()
    until(lambda: not rig.left_behind(tmp_path), "the end of every process that was started")
