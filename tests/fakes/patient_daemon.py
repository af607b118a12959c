"""A variant of `ace-bridge run` that waits longer than 1 s for a DAW script's selection, for tests on busy machines."""

from __future__ import annotations

import sys

from bridge.cli.main import main
from bridge.control import service
from tests.waiting import PATIENCE

if __name__ == "__main__":
    service.PATIENCE = PATIENCE
    sys.exit(main(["run"]))
