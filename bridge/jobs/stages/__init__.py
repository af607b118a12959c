"""The stages, one module each; `bridge.jobs.pipeline` has their order."""
