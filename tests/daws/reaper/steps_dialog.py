"""Shared test steps that install the mock ReaImGui and open the dialog."""

from __future__ import annotations

import json

from bridge.config.load import load
from bridge.engines.fal.engine import _capabilities
from bridge.engines.offline import CAPABILITIES
from bridge.installers.catalogue import catalogue
from bridge.presets.library import standard
from tests.daws.reaper.gui import Gui
from tests.daws.reaper.rig import Rig

MARK = "P_EXT:ace_bridge_"


def with_gui(rig: Rig) -> Rig:
    rig.host.gui = Gui(rig.host)
    settings = load(rig.home, {})
    shown = catalogue(standard(rig.home).all(), [_capabilities(settings.fal, ""), CAPABILITIES], settings.budget)
    (rig.home / "catalogue.json").write_text(json.dumps(shown))
    return rig


def opened(rig: Rig) -> Gui:
    """Open the dialog and wait until it takes keys."""
    rig.act("Remix selected items (asks)")
    rig.host.tick(20)
    assert rig.host.gui
    return rig.host.gui
