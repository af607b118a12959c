"""Sets the package metadata that is derived from bridge/util/project.py. Called by hatchling."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class ProjectMetadata(MetadataHookInterface):
    """Adds the project's links and authors."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the fields that pyproject.toml lists as dynamic."""
        sys.path.insert(0, str(Path(self.root)))
        try:
            from bridge.util import project
        finally:
            sys.path.pop(0)
        metadata["authors"] = project.authors()
        metadata["urls"] = project.links()
