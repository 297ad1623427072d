"""Who may do what, and who one has to be."""
