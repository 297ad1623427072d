"""A run: what proves the checks, judges the deployment, and hands the results to the report."""
