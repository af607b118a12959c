"""The signal work that runs in the worker processes: each task is one function of paths and small values.

`bridge.workers.process` looks a name up here and imports its module only then; the daemon imports none of them.
"""

from __future__ import annotations

from collections.abc import Mapping

# name → "module:function"; a task is `(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]`
TASKS: Mapping[str, str] = {
    "length": "bridge.tasks.length:length",
    "render": "bridge.tasks.render:render",
    "listen": "bridge.tasks.listen:listen",
    "mix": "bridge.tasks.mix:mix",
    "split": "bridge.tasks.split:split",
    "join": "bridge.tasks.join:join",
    "probe": "bridge.tasks.probe:probe",
    "fit": "bridge.tasks.fit:fit",
    "peaks": "bridge.tasks.peaks:peaks",
    "offline": "bridge.tasks.offline:offline",
}
