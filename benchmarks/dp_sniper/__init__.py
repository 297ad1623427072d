"""The audit beside DP-Sniper's published lower bounds."""
