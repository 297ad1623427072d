"""What a format cannot say."""

from __future__ import annotations


class FormatError(Exception):
    """A report cannot be written in a format; the message says why, and what to do."""
