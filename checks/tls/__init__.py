"""What the front door offers in TLS."""
