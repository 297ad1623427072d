"""The fixtures of clinical-gate: see `fixtures.plugin`."""

pytest_plugins = ["fixtures.plugin"]
