"""A verified report in the formats of other people's tools."""
