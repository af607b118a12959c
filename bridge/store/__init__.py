"""The database, job folders, backups and housekeeping."""
