"""A model on a GPU under load: what is asked of an engine, what is told of a run, and what cannot work. No GPU
needed.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from checks.targets import Accelerator, Latencies, Load, Objective
from fixtures.wait import wait_for
from loadtests.generator.spec import LoadSpec, Progress, load_from_json, load_to_json
from loadtests.gpu import table
from loadtests.gpu.__main__ import main
from loadtests.gpu.orders import SPECIAL, pieces
from loadtests.gpu.processes import running
from loadtests.gpu.server import GpuError, Serving, needs_weights, served
from loadtests.gpu.shapes import SHAPES
from loadtests.gpu.steps import send
from loadtests.recording.accelerators import Reading, nvml_gpus
from loadtests.schedules.profiles import load_profile
from suites.unit.load.model_server import MODEL, ollama

PATIENCE_S = 10.0
SERVING = Serving("transformers", Path("/opt/gpu/bin/python"), Path("/models/7b"), "bf16", "cuda", 2048)
LOAD = Load(
    profile="gate",
    users=16,
    seconds=20.0,
    arrival="Poisson arrivals at 1.6/s",
    seed=1,
    generator_cpu=0.04,
    complete=True,
    problem="",
    objectives={"inference": Objective(2000, 500)},
    accelerators=(Accelerator("GPU 0", 0.61, 0.4), Accelerator("GPU 1", 0.05, 0.7)),
    kinds=(
        Latencies("inference.chat", (900.0, 1800.0, 2500.0), (90, 8, 2), {"time-out": 1}, good=97),
        Latencies("inference.chat:first_token", (100.0, 450.0), (90, 9), {}),
        Latencies("inference.chat:per_token", (20.0, 60.0), (90, 9), {}),
        Latencies("inference.chat:gap", (20.0,), (3000,), {}),
        Latencies("generator:late", (0.1,), (100,), {}),
    ),
    tokens=3_100,
)


def environment(tmp_path: Path, program: str, script: str = "") -> Path:
    """The interpreter of an environment that has a program of that name, which does what the script says."""
    tmp_path.mkdir(exist_ok=True)
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    (tmp_path / program).write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / program).chmod(0o755)
    return python


def asked(*arguments: str) -> Result:
    """What the command says and how it ends."""
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--users", "4,none"), "'4,none' is not a list of numbers of users such as 1,4,16,64,128,256"),
        (("--users", "0"), "'0' is not a list of numbers of users"),
        (("--shape", "70b"), "'70b' is not one of '7b', 'tiny'"),
        (("--profile", "nope"), "clinical-gate: no load profile named 'nope'; there are gate, smoke"),
        (("--seconds", "-1"), "clinical-gate: profile gate: seconds: Input should be greater than 0"),
        (("--python", "/nowhere/python"), "File '/nowhere/python' does not exist"),
    ],
)
def test_bad_input_is_said_in_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    """Before anything is started, with exit code 2."""
    result = asked(*arguments)
    assert (result.exit_code, sentence in result.output) == (2, True), result.output


def test_an_environment_without_the_engine_says_how_to_get_it(tmp_path: Path) -> None:
    """And nothing is made."""
    python = environment(tmp_path / "bin", "other")
    result = asked("--shape", "tiny", "--python", str(python), "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert result.output == (
        f"clinical-gate: there is no {tmp_path}/bin/transformers: pip install '.[gpu]' there, or name another "
        "environment with --python\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """One sentence, and no exit code that says anything about a model."""
    python = environment(tmp_path / "bin", "transformers")
    (tmp_path / "file").touch()
    result = asked("--shape", "tiny", "--python", str(python), "--models", str(tmp_path / "file" / "models"))
    assert (result.exit_code, result.output) == (2, f"clinical-gate: {tmp_path}/file/models: Not a directory\n")


def test_a_model_for_a_gpu_needs_one(tmp_path: Path) -> None:
    """Said at once, not after 13 GB were written."""
    with nvml_gpus() as gpus:
        if gpus:
            pytest.skip("this machine has a GPU")
    python = environment(tmp_path / "bin", "transformers")
    result = asked("--python", str(python), "--out", str(tmp_path / "out"), "--models", str(tmp_path / "models"))
    assert (result.exit_code, result.output) == (
        2,
        "clinical-gate: this machine shows no NVIDIA GPU; --shape tiny runs on the CPU\n",
    )


def test_engines_are_asked_for_what_their_documentation_says(tmp_path: Path) -> None:
    """Continuous batching and NF4 of transformers; made-up weights of vLLM, but where it must quantise."""
    python = environment(tmp_path, "transformers")
    environment(tmp_path / "other", "vllm")
    ours = replace(SERVING, python=python, options=("--cb-block-size", "256"))
    assert ours.command(8000) == [
        f"{tmp_path}/transformers",
        "serve",
        "/models/7b",
        "--host",
        "127.0.0.1",
        "--port",
        "8000",
        "--device",
        "cuda",
        "--continuous-batching",
        "--attn-implementation",
        "sdpa",
        "--cb-block-size",
        "256",
    ]
    assert replace(ours, precision="4bit").command(8000)[-4:-2] == ["--quantization", "bnb-4bit"]
    vllm = replace(ours, engine="vllm", python=tmp_path / "other" / "python", options=())
    assert vllm.command(8000)[-4:] == ["--max-model-len", "2048", "--load-format", "dummy"]
    assert replace(vllm, precision="4bit").command(8000)[-2:] == ["--quantization", "bitsandbytes"]
    assert [needs_weights(e, p) for e in ("transformers", "vllm") for p in ("bf16", "4bit")] == [
        True,
        True,
        False,
        True,
    ]


def test_a_server_that_dies_is_a_sentence_with_its_last_words(tmp_path: Path) -> None:
    """The log has the rest."""
    python = environment(tmp_path / "bin", "transformers", "echo 'CUDA out of memory' >&2; exit 3")
    log = tmp_path / "log"
    with (
        pytest.raises(GpuError, match=f"the server ended with status 3, after: CUDA out of memory; its log is {log}"),
        served(replace(SERVING, python=python), log, lambda _: None),
    ):
        pytest.fail("it was served")


def test_a_process_is_gone_with_all_that_it_started(tmp_path: Path) -> None:
    """Also with what it left behind when it died by itself."""
    children = tmp_path / "children"
    script = f"sleep 300 & echo $! >{children}.new; mv {children}.new {children}; kill -KILL $$"
    with running(["sh", "-c", script], tmp_path / "log") as process:
        wait_for(children.exists, what="it has a child", timeout_s=PATIENCE_S)
    assert process.returncode is not None
    child = int(children.read_text())
    wait_for(lambda: not _alive(child), what="the child is gone", timeout_s=PATIENCE_S)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_a_step_is_a_load_of_the_harness_with_the_gpus_beside_it() -> None:
    """Sent from a child process to a real server; its progress is seen on the way."""
    seen: list[Progress] = []
    profile = load_profile("smoke").all_as("clinician").changed(users=4, seconds=2)
    with ollama("127.0.0.1") as server, nvml_gpus() as gpus:
        spec = LoadSpec(
            target="small",
            base_url=f"http://127.0.0.1:{server.server_address[1]}",
            profile=profile,
            seed=3,
            model=MODEL,
            dialect="ollama",
            objectives={"inference": Objective(2000, 500)},
        )
        load, readings = send(spec, seen.append)
        names = {gpu.name for gpu in gpus}
    row = table.row("bf16", load)
    assert (load.complete, row.users, row.failed, row.problem) == (True, 4, 0, "")
    assert row.requests > 0
    assert {"warm-up", "measuring"} <= {progress.phase for progress in seen}
    assert {gpu.name for gpu in load.accelerators} == {reading.name for reading in readings} == names


def test_the_row_of_a_load() -> None:
    """Tokens are those that the server told of; of several GPUs the fullest and the busiest are told."""
    row = table.row("bf16", LOAD)
    assert row.cells() == (
        "bf16",
        "16",
        "100",
        "1",
        "450",
        "60",
        "1800",
        "97.0%",
        "155",
        "61.0%",
        "70.0%",
        "4%",
    )
    assert table.row("bf16", load_from_json(load_to_json(LOAD))) == row


def test_the_time_of_a_chunk_is_not_told_as_that_of_a_token() -> None:
    """It is what that is at most."""
    kinds = (replace(kind, kind=kind.kind.replace("per_token", "per_chunk")) for kind in LOAD.kinds)
    assert table.row("bf16", replace(LOAD, kinds=tuple(kinds))).cells()[5] == "<= 60"


def test_what_is_not_known_is_not_told_as_a_number() -> None:
    """A load that was cut short, and a machine without a GPU."""
    row = table.row("4bit", replace(LOAD, kinds=(), accelerators=(), complete=False, problem="cut short"))
    assert row.cells() == ("4bit", "16", "0", "0", "-", "-", "-", "-", "-", "-", "-", "4%")
    assert row.problem == "cut short"


def test_the_table_is_markdown_with_what_went_wrong_below() -> None:
    """One line per step."""
    rows = (table.row("bf16", LOAD), table.row("4bit", replace(LOAD, kinds=(), complete=False, problem="cut short")))
    lines = table.markdown("7b on H200", rows, ("a note",)).splitlines()
    assert lines[0] == "# 7b on H200"
    assert [line.count("|") for line in lines[2:6]] == [len(table.HEADS) + 1] * 4
    assert lines[4].startswith("| bf16 | 16 | 100 | 1 | 450 |")
    assert lines[-2:] == ["- 4bit, 16 users: cut short", "- a note"]


def test_gpus_are_told_second_by_second() -> None:
    """The highest share of memory and the mean share of time within each."""
    readings = (
        Reading(0.1, "GPU 0", 0.5, 0.2),
        Reading(0.9, "GPU 0", 0.6, 0.4),
        Reading(1.2, "GPU 0", 0.55, 1.0),
        Reading(0.1, "GPU 1", 0.0, 0.0),
    )
    assert table.per_second(readings) == (
        "second,gpu,memory,busy\n0,GPU 0,0.6000,0.3000\n0,GPU 1,0.0000,0.0000\n1,GPU 0,0.5500,1.0000\n"
    )


def test_the_large_shape_is_a_llama_of_seven_billion() -> None:
    """As PyTorch counts the weights of such a configuration."""
    assert {name: shape.parameters for name, shape in SHAPES.items()} == {"7b": 6_738_554_880, "tiny": 361_280}
    assert round(SHAPES["7b"].gigabytes, 1) == 13.5


@pytest.mark.parametrize("shape", SHAPES)
def test_every_token_is_a_piece_of_text_of_its_own(shape: str) -> None:
    """No two are the same, and each can be shown without the next: a server streams one at a time."""
    found = pieces(SHAPES[shape].vocabulary)
    assert (len(found), len(set(found)), tuple(found[:3])) == (SHAPES[shape].vocabulary,) * 2 + (SPECIAL,)
    assert all(piece.isprintable() and piece for piece in found)
