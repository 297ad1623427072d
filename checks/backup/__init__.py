"""Backups: encrypted, recent, and restorable."""
