"""The table of tasks that run in the worker processes. Each is one function of paths and small values.

`bridge.workers.process` imports a task's module when it is needed; the daemon imports none of them.
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
