"""How often the audit refutes a true claim."""
