"""The stages, one module each; `bridge.jobs.pipeline` defines their order."""
