"""doctor: checks the whole setup, and writes support bundles."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bridge.config import home_check
from bridge.config.credentials import from_keychain
from bridge.config.home import home
from bridge.config.load import load
from bridge.doctor.base import Context, Finding, worst
from bridge.doctor.examine import examine
from bridge.errors import AudioDeviceMissing, ConfigInvalid
from bridge.util import project

SIGNS = {"well": "ok  ", "hint": "hint", "trouble": "FAIL"}
DEVICE = "import sounddevice; print(sounddevice.query_devices(kind='output')['name'])"
PATIENCE = 20.0  # seconds to wait for the sound system


def doctor(options: argparse.Namespace) -> int:
    """Run all checks; return 1 if something does not work."""
    logging.getLogger("bridge").addHandler(logging.NullHandler())  # do not print log records; findings report problems
    context = _context(options)
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


def _context(options: argparse.Namespace) -> Context:
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
        keychain=from_keychain,
        online=options.online,
    )


def _device() -> str:
    """Return the name of the audio output. A child process queries it, because some sound systems hang."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", DEVICE], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise AudioDeviceMissing from None
    return done.stdout.strip().splitlines()[-1]


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
    print(path)
    if project.is_public():
        print(f"To report a problem, attach this file to an issue: {project.issues()}")
    for name in names:
        print(f"  {name}")
    print("It contains no key." if options.include else "It contains no key, prompt, name or audio.")
