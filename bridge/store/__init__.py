"""The journal, job folders, backups and housekeeping."""
