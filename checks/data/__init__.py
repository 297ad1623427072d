"""The data itself: encrypted, guarded and complete wherever it is kept."""
