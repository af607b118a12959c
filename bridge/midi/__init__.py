"""MIDI controllers: pads, faders and encoders send commands of control/table.py; lights show jobs and values.

device ↔ port_host.py (a process of its own) ↔ port_process.py ↔ surface.py → control/table.py → `BridgeApi`.
"""
