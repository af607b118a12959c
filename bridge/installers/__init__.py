"""Installs the bridge's scripts in DAWs and keeps them up to date."""
