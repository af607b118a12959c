"""Audio as pure functions on arrays and blocks; only `files.py` touches a disk. Knows nothing of the bridge."""
