"""What the examples share: how a part that is one program is configured, started and asked."""
