"""The Orthanc example as a Compose project of five containers, and ways to break how they are run."""
