"""The board's page: one file that a board of five reads in a minute, prints and keeps."""
