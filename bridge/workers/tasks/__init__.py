"""The tasks that run in worker processes, one function of paths and small values each."""
