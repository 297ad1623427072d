"""The containers that carry the deployment."""
