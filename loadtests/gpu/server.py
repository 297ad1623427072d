"""The server of the model: an engine's own command, started, waited for, asked once, and gone in the end."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtests.gpu.processes import ended, last_line, running
from loadtests.users.streams import OpenAIClock

HOST = "127.0.0.1"
ENGINES, PRECISIONS = ("transformers", "vllm"), ("bf16", "4bit")
_UP_S, _WARM_S = 900.0, 900.0  # 13 GB from a slow disk; kernels and CUDA graphs at the first request
_TICK_S = 0.25
_LAST_WORDS_S = 2.0  # between a connection that a dying server drops, and its end
_SHOWN = 300  # characters of a wrong answer
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
}
Say = Callable[[str], None]


class GpuError(Exception):
    """The model cannot be served as asked; the message says why."""


@dataclass(frozen=True)
class Serving:
    """What is served, and how.

    Args:
        python: interpreter of the environment that has the engine.
        folder: of the model.
        precision: ``bf16``, or ``4bit``: NF4 by bitsandbytes, from the same weights when they are loaded.
        device: ``cuda`` or ``cpu``.
        context: longest request in tokens, with its answer.
        options: further ones of the engine's own command.
    """

    engine: str
    python: Path
    folder: Path
    precision: str
    device: str
    context: int
    options: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """The name that requests must give."""
        return str(self.folder)

    def command(self, port: int) -> list[str]:
        """The engine's command.

        Raises:
            GpuError: the environment does not have it.
        """
        program = self.python.parent / ("vllm" if self.engine == "vllm" else "transformers")
        if not program.exists():
            needed = "vllm" if self.engine == "vllm" else "'.[gpu]'"
            msg = f"there is no {program}: pip install {needed} there, or name another environment with --python"
            raise GpuError(msg)
        address = ["--host", HOST, "--port", str(port)]
        if self.engine == "vllm":
            # https://docs.vllm.ai/en/latest/features/quantization/bnb/ quantises while it loads, so it needs weights.
            how = ["--quantization", "bitsandbytes"] if self.precision == "4bit" else ["--load-format", "dummy"]
            return [
                str(program),
                "serve",
                str(self.folder),
                *address,
                "--dtype",
                "bfloat16",
                "--max-model-len",
                str(self.context),
                *how,
                *self.options,
            ]
        # Without continuous batching it serves one request after the other.
        how = ["--quantization", "bnb-4bit"] if self.precision == "4bit" else []
        return [
            str(program),
            "serve",
            str(self.folder),
            *address,
            "--device",
            self.device,
            "--continuous-batching",
            "--attn-implementation",
            "sdpa",
            *how,
            *self.options,
        ]


def needs_weights(engine: str, precision: str) -> bool:
    """Whether an engine reads weights from the folder, and does not make up its own."""
    return engine != "vllm" or precision == "4bit"


@dataclass(frozen=True)
class ModelServer:
    """A server that answers at ``url``; ``death`` says how it ended, and is empty while it runs."""

    url: str
    death: Callable[[], str]


@contextlib.contextmanager
def served(serving: Serving, log: Path, say: Say) -> Iterator[ModelServer]:
    """The server, once it has answered a first request; it is gone afterwards.

    Raises:
        GpuError: it cannot be started, or does not answer.
    """
    port = _free_port()
    with running(serving.command(port), log, _OFFLINE) as process:
        began = time.monotonic()

        def waiting(what: str) -> None:
            say(f"{serving.precision}: {what}, {time.monotonic() - began:.0f} s")

        _wait_until_up(process, port, log, waiting)
        _ask_once(serving.model, process, port, log, waiting)
        yield ModelServer(f"http://{HOST}:{port}", lambda: "" if process.poll() is None else _death(process, log))


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path, say: Say) -> None:
    deadline = time.monotonic() + _UP_S
    while not _healthy(port):
        say("the server loads the model")
        if ended(process, _TICK_S):
            raise GpuError(_death(process, log))
        if time.monotonic() > deadline:
            msg = f"the server was not up after {_UP_S:g} s: {last_line(log)}; its log is {log}"
            raise GpuError(msg)


def _death(process: subprocess.Popen[bytes], log: Path) -> str:
    return f"the server ended with status {process.returncode}, after: {last_line(log)}; its log is {log}"


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _ask_once(model: str, process: subprocess.Popen[bytes], port: int, log: Path, say: Say) -> None:
    """The first request makes kernels and graphs; it is nobody's, and waited for without being measured."""
    said: list[str] = []
    asking = threading.Thread(target=lambda: said.append(_problem_of_a_request(model, port)), daemon=True)
    asking.start()
    while asking.is_alive():
        say("the server answers a first request")
        asking.join(_TICK_S)
    if said[0]:
        if ended(process, _LAST_WORDS_S):
            raise GpuError(_death(process, log))
        msg = f"the server did not answer a first request: {said[0]}; its log is {log}"
        raise GpuError(msg)


def _problem_of_a_request(model: str, port: int) -> str:
    """What is wrong with the answer to a chat; empty when nothing is."""
    body = {"model": model, "messages": [{"role": "user", "content": "Summarise."}], "stream": True, "max_tokens": 8}
    connection = http.client.HTTPConnection(HOST, port, timeout=_WARM_S)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as problem:
        return str(problem) or type(problem).__name__
    finally:
        connection.close()
    clock = OpenAIClock()
    clock(text)
    cause = clock.cause() if answer.status == 200 else f"status {answer.status}"
    return f"{cause}, {' '.join(text.decode(errors='replace').split())[:_SHOWN]}" if cause else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
