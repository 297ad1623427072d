"""The highest rate that holds: the search, what saturates first, and an autoscaler simulated on a record."""
