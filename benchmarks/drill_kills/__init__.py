"""A harness is killed at random moments of what it breaks: does anything stay broken?"""
