"""What the front door says in HTTP."""
