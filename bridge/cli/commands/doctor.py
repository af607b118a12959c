"""doctor: checks the whole setup, and writes support bundles."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import time
from functools import partial
from pathlib import Path

from bridge.cli.output import print_path
from bridge.config import home_check
from bridge.config.credentials import from_keychain
from bridge.config.home import home
from bridge.config.load import load
from bridge.doctor.base import Context, Finding, worst
from bridge.doctor.examine import examine
from bridge.errors import AudioDeviceMissing, ConfigInvalid, MidiUnavailable, from_wire
from bridge.midi.port_process import port_environment
from bridge.util import project, spawn

SIGNS = {"well": "ok  ", "hint": "hint", "trouble": "FAIL"}
DEVICE = "import sounddevice; print(sounddevice.query_devices(kind='output')['name'])"
PATIENCE = 20.0  # seconds to wait for the sound system


def doctor(options: argparse.Namespace) -> int:
    """Run all checks; return 1 if something does not work."""
    logging.getLogger("bridge").addHandler(logging.NullHandler())  # do not print log records; findings report problems
    context = context_of(online=options.online)
    findings = examine(context)
    if options.bundle:
        from bridge.doctor import bundle

        path = Path(options.bundle).expanduser().absolute()
        names = bundle.write(path, findings, context, options.include)
        _say_bundle(path, names, options)
    elif options.json:
        for finding in findings:
            print(json.dumps(finding.plain()))
    else:
        _show(findings)
    return 1 if worst(findings) == "trouble" else 0


def context_of(*, online: bool = False) -> Context:
    """Return this machine and the bridge's home as the doctor's context."""
    folder, settings_error = home(), ""
    try:
        settings = load(folder, os.environ)
    except ConfigInvalid as problem:
        settings_error = problem.text
        settings = load(folder / "nowhere", {})
    return Context(
        home=folder,
        environ=os.environ,
        platform=sys.platform,
        settings=settings,
        settings_error=settings_error,
        clock=time.time,
        which=shutil.which,
        mounts=home_check.mounts,
        device=_device,
        midi=partial(_midi, settings.midi.system),
        keychain=from_keychain,
        online=online,
    )


def _device() -> str:
    """Return the name of the audio output. A child process queries it, because some sound systems hang."""
    try:
        environ = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        done = spawn.run([sys.executable, "-c", DEVICE], environ=environ, timeout_seconds=PATIENCE)
    except OSError:
        raise AudioDeviceMissing from None
    if done.returncode != 0:
        raise AudioDeviceMissing
    return done.stdout.decode(errors="replace").strip().splitlines()[-1]


def _midi(system: str) -> list[str]:
    """Return the names of the MIDI inputs. The daemon's MIDI process lists them, because drivers may crash or hang."""
    command = [sys.executable, "-m", "bridge.midi.port_host", system]
    try:
        listed = spawn.run(command, environ=port_environment(os.environ), timeout_seconds=PATIENCE).stdout
    except OSError:
        raise MidiUnavailable from None
    for line in listed.splitlines():
        reply = json.loads(line)
        if "trouble" in reply:
            raise from_wire(reply["trouble"])
        if "devices" in reply:
            return list(reply["devices"][0])
    raise MidiUnavailable


def _show(findings: list[Finding]) -> None:
    for finding in findings:
        print(f"{SIGNS[finding.level]}  {finding.text}")
        if finding.fix:
            print(f"      → {finding.fix}")
    failed = sum(finding.level == "trouble" for finding in findings)
    hints = sum(finding.level == "hint" for finding in findings)
    summaries = {"well": "No problems found.", "hint": f"It works, with {_count(hints, 'hint')} above."}
    problems = f"{_count(failed, 'problem')} above; each line with an arrow says how to fix it."
    print(f"\n{summaries.get(worst(findings), problems)}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _say_bundle(path: Path, names: list[str], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps({"bundle": str(path), "files": names}))
        return
    print_path(path)
    if project.is_public():
        print(f"To report a problem, attach this file to an issue: {project.issues()}")
    for name in names:
        print(f"  {name}")
    print("It contains no key." if options.include else "It contains no key, prompt, name or audio.")
