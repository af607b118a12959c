"""Settings, the bridge's home folder, keys, and the files that ship with the bridge."""
