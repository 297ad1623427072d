"""Who asks for what, and when: load profiles as data, and the arrival times drawn from them."""
