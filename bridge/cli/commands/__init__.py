"""The commands of `ace-bridge`, one module per group. A module is imported only when one of its commands runs."""
