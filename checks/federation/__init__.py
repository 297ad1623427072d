"""The hospitals' federation: who may call a node, and how many must take part."""
