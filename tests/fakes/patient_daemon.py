"""`ace-bridge run` that waits longer than a second for the selection of a DAW script, for busy machines."""

from __future__ import annotations

import sys

from bridge.cli.main import main
from bridge.control import service
from tests.waiting import PATIENCE

if __name__ == "__main__":
    service.PATIENCE = PATIENCE
    sys.exit(main(["run"]))
