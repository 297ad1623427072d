"""The rules: target in, findings out. No pytest, no subprocess, no clock, no environment."""
