"""The commands of `ace-bridge`, one module per group, imported only when a command of that group runs."""
