"""`ace-bridge run` that gives a DAW's script more than a second for its selection, as a busy machine may need."""

from __future__ import annotations

import sys

from bridge.cli.main import main
from bridge.control import service
from tests.waiting import PATIENCE

if __name__ == "__main__":
    service.PATIENCE = PATIENCE
    sys.exit(main(["run"]))
