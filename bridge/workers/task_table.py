"""The table of tasks that run in the worker processes. Each task is one function that takes paths and small values.

`bridge.workers.process` imports a task's module on demand; the daemon never imports these modules.
"""

from __future__ import annotations

from collections.abc import Mapping

# name → "module:function"; a task is `(args: dict[str, Any], progress: Callable[[float], None]) -> dict[str, Any]`
TASKS: Mapping[str, str] = {
    "length": "bridge.workers.tasks.length:length",
    "render": "bridge.workers.tasks.render:render",
    "listen": "bridge.workers.tasks.listen:listen",
    "mix": "bridge.workers.tasks.mix:mix",
    "split": "bridge.workers.tasks.split:split",
    "join": "bridge.workers.tasks.join:join",
    "probe": "bridge.workers.tasks.probe:probe",
    "fit": "bridge.workers.tasks.fit:fit",
    "peaks": "bridge.workers.tasks.peaks:peaks",
    "offline": "bridge.workers.tasks.offline:offline",
}
