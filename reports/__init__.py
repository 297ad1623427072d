"""What to say: decide, sign, verify, render, keep history. Sees results only, never a service."""
