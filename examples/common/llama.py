"""llama.cpp's own HTTP server, started by its Python binding: ``python llama.py SETTINGS.json`` serves until
SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

import xllamacpp

_PARALLEL, _CONTEXT = 4, 2048


def main(settings: dict[str, str]) -> None:
    """Serve ``model`` as ``alias`` on a socket file to who shows ``key``."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    Path(settings["socket"]).unlink(missing_ok=True)
    os.umask(0)  # who may reach the socket is decided by its directory
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings["model"]
    parameters.model_alias = {settings["alias"]}
    parameters.hostnames, parameters.port = [settings["socket"]], 1
    parameters.api_keys = [settings["key"]]
    parameters.n_parallel, parameters.n_ctx = _PARALLEL, _PARALLEL * _CONTEXT
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.endpoint_metrics = True
    parameters.endpoint_slots = parameters.endpoint_props = parameters.ui = False
    parameters.offline = True
    parameters.warmup = parameters.fit_params = parameters.cache_prompt = False
    parameters.cache_ram_mib, parameters.cache_idle_slots = 0, False
    parameters.verbosity = 1  # more may quote prompts
    server = xllamacpp.Server(parameters)
    stopped.wait()
    del server
    os._exit(0)  # its worker threads do not end by themselves


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
