"""Runs as a Python of another version, or on another system, with the words of `python WORD ...` as arguments.

The simulated machines of tests/scripts start it for `python3` and similar names. `FAKE` in the environment is JSON with
its `version`, the `platform`, and the `modules` that it lacks.
"""

from __future__ import annotations

import importlib.util
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

fake = json.loads(os.environ["FAKE"])
options = [word for word in sys.argv[1:] if word != "-I"]
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in fake["lacks"] else find(name, *rest)  # type: ignore[assignment]
sys.version_info = (*fake["version"], "final", 0)  # type: ignore[assignment]
sys.platform = fake["platform"]
sys.executable = fake["path"]

if options[0] == "-c":
    exec(options[1], {"__name__": "__main__"})
elif options[:2] == ["-m", "venv"]:
    # without pip, whose installation takes seconds
    sys.exit(subprocess.call([fake["real"], "-m", "venv", "--without-pip", *options[2:]]))
else:
    sys.argv = options
    sys.path.insert(0, str(Path(options[0]).resolve().parent))
    runpy.run_path(options[0], run_name="__main__")
