"""The composition root: builds all parts of the daemon, starts them in order and stops them in reverse order.

Only this module names concrete engines and DAWs.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bridge import PROTOCOL, __version__
from bridge.audition.player import Player
from bridge.config.credentials import fal_key, require_fal_key
from bridge.config.settings import Config
from bridge.control.service import BridgeService
from bridge.daws.base import Daw
from bridge.daws.folder import Folder, Scripted
from bridge.engines.base import Engine
from bridge.engines.choose import Engines
from bridge.engines.fal.engine import FalEngine
from bridge.engines.offline import OfflineEngine
from bridge.errors import BridgeError, HomeLost
from bridge.events import Alert, AuditionChanged, EventBus
from bridge.hotkeys.service import Hotkeys
from bridge.installers.catalogue import FILE as CATALOGUE
from bridge.installers.catalogue import catalogue
from bridge.installers.installer import Pointer, refresh, start_command
from bridge.jobs.actions import Actions
from bridge.jobs.budget import Budget
from bridge.jobs.context import Contexts
from bridge.jobs.delivery import Delivery
from bridge.jobs.early_upload import EarlyUpload
from bridge.jobs.handler import MessageHandler
from bridge.jobs.inbox import Inbox
from bridge.jobs.key_repeat import KeyRepeat
from bridge.jobs.outbox import Outbox
from bridge.jobs.pipeline import Pipeline, stages
from bridge.jobs.registry import JobRegistry
from bridge.jobs.requests import Requests
from bridge.jobs.scheduler import Scheduler
from bridge.jobs.stage import Stage
from bridge.jobs.surface_settings import SurfaceSettings
from bridge.midi.service import MidiService
from bridge.osc.discovery import Advert
from bridge.osc.query_server import QueryServer
from bridge.osc.server import OscServer
from bridge.presets.library import Presets
from bridge.store import backup
from bridge.store.async_store import Store
from bridge.store.home_lock import home_lock
from bridge.store.home_watch import HomeWatch
from bridge.store.housekeeping import Housekeeping
from bridge.util import busy_files
from bridge.util.atomic import write_json
from bridge.util.end_signals import on_end
from bridge.util.event_loop import new_event_loop
from bridge.workers.pool import Workers

log = logging.getLogger(__name__)

SCRIPTED = ("ardour", "reaper", "live")  # DAWs in which a bridge script places the results


class Daemon:
    """The daemon for one home."""

    def __init__(
        self,
        home: Path,
        settings: Config,
        environ: Mapping[str, str],
        presets: Presets,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.home = home
        self.token = secrets.token_urlsafe(24)
        self._settings = settings
        self._clock = clock
        self._environ = environ
        self._stop = asyncio.Event()
        self._lost: HomeLost | None = None  # set when the home was removed or replaced
        self._bus = EventBus()
        self._workers = Workers(settings.workers.count, settings.workers.idle_seconds)
        self._presets = presets
        self._engines: dict[str, Engine] = {
            "fal": FalEngine(settings.fal, partial(require_fal_key, environ, home)),
            "offline": OfflineEngine(self._workers),
        }
        self._daws: dict[str, Daw] = {"folder": Folder(), **{name: Scripted(name) for name in SCRIPTED}}

    async def run(self, ready: Callable[[Mapping[str, Any]], None] = lambda about: None) -> None:
        """Run the daemon until `stop` is called.

        Args:
            ready: function that is called with the content of daemon.json once everything has started.

        Raises:
            AlreadyRunning, PortTaken, HomeError: the daemon cannot start.
            HomeLost: the home was removed or replaced while the daemon was running.
        """
        with home_lock(self.home):
            busy_files.remove(self.home / "daemon.json", missing_ok=True)  # left by a daemon that was killed
            database = backup.open_database(self.home, self._clock, self._settings.store.copies)
            watch = HomeWatch(self.home)
            store = Store(database, watch.require)
            try:
                await self._serve(store, watch, ready)
            finally:
                store.close()
                if self._lost is None:
                    await asyncio.to_thread(busy_files.remove, self.home / "daemon.json", missing_ok=True)

    def stop(self) -> None:
        """Make `run` return; remixes that have been submitted continue at the engine."""
        self._stop.set()

    # --- parts -------------------------------------------------------------------------------------------------------

    async def _serve(self, store: Store, watch: HomeWatch, ready: Callable[[Mapping[str, Any]], None]) -> None:
        """Build and start the parts that need the store, wait for `stop`, and stop the parts in reverse order."""
        settings, registry = self._settings, JobRegistry(store, self._bus)
        budget = Budget(store, settings.budget, self._clock)
        outbox = Outbox(
            self.home / "outbox",
            registry,
            self._bus,
            self._clock,
            progress_rate=settings.outbox.progress_rate,
            keep=settings.outbox.keep_finished,
        )
        delivery = Delivery(self.home / "jobs", registry, store, self._clock)
        in_order = stages(
            workers=self._workers,
            store=store,
            budget=budget,
            settings=settings,
            home=self.home,
            clock=self._clock,
            offer=delivery.offer,
        )
        scheduler = self._scheduler(registry, store, in_order)
        early_upload = self._early_upload(in_order)
        surface_settings = SurfaceSettings(store, self._bus, self._presets)
        handler = MessageHandler(
            home=self.home,
            registry=registry,
            store=store,
            scheduler=scheduler,
            outbox=outbox,
            delivery=delivery,
            workers=self._workers,
            requests=self._requests(registry, store, scheduler, surface_settings, early_upload),
            actions=Actions(registry, scheduler, store, budget, self._workers),
            clock=self._clock,
        )
        inbox = Inbox(
            self.home / "inbox",
            handler.handle,
            self._bus,
            native=settings.inbox.watch == "native",
            poll_interval=settings.inbox.poll_interval,
            safety_interval=settings.inbox.safety_interval,
            largest=settings.inbox.max_message,
            refused=handler.refuse,
        )
        player = Player(settings.audition.device, tell=lambda heard: self._bus.publish(AuditionChanged(heard)))
        midi = MidiService(self._bus, settings.midi, self.home, self._presets.names)
        control = BridgeService(
            submit=handler.submit,
            message_inbox=inbox,
            registry=registry,
            store=store,
            delivery=delivery,
            outbox=outbox,
            bus=self._bus,
            surface_settings=surface_settings,
            player=player,
            midi=midi,
            end=self.stop,
        )
        surface = OscServer(control, self._bus, settings.osc, lambda: self.token, lease=settings.osc.lease or None)
        http = QueryServer(control.snapshot, self._presets.names, surface, settings.osc.host, settings.http.port)
        hotkeys = Hotkeys(control, self._bus, settings.hotkeys.keys, settings.hotkeys.programs)
        advert = Advert(settings.osc.host)
        housekeeping = Housekeeping(self.home, store, settings.store, self._clock)

        port = await surface.start()
        try:
            await asyncio.to_thread(self._write_catalogue)
            await surface_settings.load()
            await handler.resume()
            http_port = await http.start(port) if settings.http.on else None
            if settings.osc.advertise:
                advert.start(port, http_port)
            about = self._about(port, http_port)
            await asyncio.to_thread(write_json, self.home / "daemon.json", about)
            pointer = Pointer(self.home, start_command(self.home, sys.executable), __version__)
            await asyncio.to_thread(refresh, pointer)
            inbox.start()
            housekeeping.start()
            await hotkeys.start()
            log.info("ace-bridge %s is up, OSC port %s", __version__, port)
            gc.freeze()  # the objects created so far stay in use; scanning them again would delay a command by 20 ms
            midi.start(control)
            ready(about)
            await self._end(watch)
            log.info("stopping; submitted remixes continue at the engine")
        finally:
            await midi.stop()
            await inbox.stop()
            await hotkeys.stop()
            await housekeeping.stop()
            if early_upload is not None:
                await early_upload.stop()
            await scheduler.stop()
            outbox.close(write=self._lost is None)
            await player.stop()
            await advert.stop()
            await http.stop()
            await surface.stop()
            await surface_settings.close()
            for engine in self._engines.values():
                await engine.aclose()
            await self._workers.aclose()
        if self._lost is not None:
            raise self._lost

    async def _end(self, watch: HomeWatch) -> None:
        """Wait until the daemon is stopped or its home is lost; report a lost home to the log and the surfaces."""
        ends = {asyncio.create_task(self._stop.wait()), asyncio.create_task(watch.wait(), name="home watch")}
        done, rest = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        self._lost = next((lost for task in done if isinstance(lost := task.result(), HomeLost)), None)
        if self._lost is not None:
            log.critical("%s %s", self._lost.text, self._lost.hint)
            self._bus.publish(Alert(self._lost.code, self._lost.text))

    def _scheduler(self, registry: JobRegistry, store: Store, in_order: Sequence[Stage]) -> Scheduler:
        """Build the scheduler of variations."""
        contexts = Contexts(
            home=self.home,
            registry=registry,
            store=store,
            engines=self._engines,
            daws=self._daws,
            other=self._daws["folder"],
        )
        pipeline = Pipeline(in_order, store)
        return Scheduler(registry, self._bus, pipeline, contexts, slots=self._settings.scheduler.slots)

    def _early_upload(self, in_order: Sequence[Stage]) -> EarlyUpload | None:
        """Build the early upload of clips, if the settings allow it."""
        if not self._settings.privacy.upload_early:
            return None
        return EarlyUpload(self.home, in_order, self._engines, self._daws, self._daws["folder"])

    def _requests(
        self,
        registry: JobRegistry,
        store: Store,
        scheduler: Scheduler,
        surface_settings: SurfaceSettings,
        early_upload: EarlyUpload | None,
    ) -> Requests:
        """Build the part that creates jobs from messages."""
        settings, key = self._settings, partial(fal_key, self._environ, self.home)
        return Requests(
            registry=registry,
            scheduler=scheduler,
            workers=self._workers,
            bus=self._bus,
            presets=self._presets,
            surface_settings=surface_settings,
            choose=Engines(self._engines, settings.engine.default, key, store).choose,
            usual=settings.remix.preset,
            clock=self._clock,
            key_repeat=KeyRepeat(asyncio.get_running_loop().time),
            early_upload=early_upload,
        )

    def _about(self, port: int, http_port: int | None) -> dict[str, Any]:
        """Return the content of daemon.json."""
        return {
            "pid": os.getpid(),
            "version": __version__,
            "protocols": [PROTOCOL],
            "osc_host": self._settings.osc.host,
            "osc_port": port,
            "osc_tcp_port": port,
            "http_port": http_port,
            "token": self.token,
            "started": self._clock(),
            "environment_key": any(self._environ.get(name) for name in ("FAL_KEY", "FAL_KEY_SECRET")),
        }

    def _write_catalogue(self) -> None:
        engines = [engine.capabilities for engine in self._engines.values()]
        write_json(self.home / CATALOGUE, catalogue(self._presets.all(), engines, self._settings.budget), sync=False)


def run(daemon: Daemon, ready: Callable[[Mapping[str, Any]], None]) -> None:
    """Run a daemon until `/bridge/stop`, SIGTERM, Ctrl-C or the end of its terminal."""

    async def main() -> None:
        with on_end(daemon.stop):
            await daemon.run(ready)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())


def explain_start(error: BridgeError, note: str | None) -> None:
    """Write a startup error to the file `note`, if given, for a parent process that cannot see the terminal."""
    if note:
        Path(note).write_text(json.dumps(error.to_wire()), encoding="utf-8")
