"""A black-box audit of differential privacy: draw outputs for two neighbouring inputs, find what tells them apart,
certify it.

The method is that of StatDP (Ding et al. 2018, https://doi.org/10.1145/3243734.3243818) and DP-Sniper (Bichsel et al.
2021, https://doi.org/10.1109/SP40001.2021.00081): an event is selected on one part of the outputs and its probabilities
are bounded on fresh ones. A claim is refuted or not refuted; it is never proven.

`audit.audit` is the way in. Nothing here reads a file, a clock or the environment; everything random comes from a seed.
"""
