"""Installs the bridge's scripts in DAWs, and keeps the scripts up to date."""
