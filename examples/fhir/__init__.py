"""A FHIR service behind an OpenID provider; see ``README.md``."""
