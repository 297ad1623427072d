"""A radiology department's Orthanc with its surroundings; see ``README.md``."""
