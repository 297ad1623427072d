"""A load: as pictures, as percentile files that other tools plot, and in a few lines for the closing summary."""
