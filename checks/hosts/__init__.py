"""The machines below the services."""
