"""The tasks that run in worker processes. Each task is one function that takes paths and small values."""
