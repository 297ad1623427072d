"""A language model of a hospital's size on a GPU, under the harness's own load: ``python -m loadtests.gpu --help``.

The model has random weights, which cost as much to serve as trained ones, and is made on the spot. What needs PyTorch
(`loadtests.gpu.weights`, and the server itself) runs in a process of its own, with the interpreter of an environment
that has it; nothing else here imports it.
"""
