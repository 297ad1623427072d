"""What one simulated user does: Locust users, their sessions over HTTP, and what they wrote."""
