"""Deployments of other people's software, each with its description: what the gate is used for."""
