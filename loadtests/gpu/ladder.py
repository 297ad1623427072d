"""One run: each precision's model made and served, and a load sent to it for each number of users."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from checks.targets import Load, Objective
from loadtests.generator.spec import LoadSpec, load_to_json
from loadtests.gpu import table
from loadtests.gpu.orders import Made, Orders
from loadtests.gpu.processes import ended, last_line, running
from loadtests.gpu.server import GpuError, ModelServer, Serving, needs_weights, served
from loadtests.gpu.shapes import Shape
from loadtests.gpu.steps import send
from loadtests.gpu.table import StepRow
from loadtests.progress import shown
from loadtests.recording.accelerators import nvml_gpus
from loadtests.schedules.profiles import Profile

_TICK_S = 0.25
_NOTES = (
    "TTFT (to the first token) and the p95 of whole answers count from the intended start, so falling behind shows.",
    "TPOT is the 95th percentile, over the answers, of the mean time of a token after the first.",
    "A token is a piece of text in the stream; tokens/s are those that arrived of the chats of the measured window.",
    "GPU memory is the highest share in use, GPU busy the mean share of the time in which a kernel ran (NVML).",
    "A 95th percentile of fewer than 90 chats says little. Above 80 % of a core the sender itself is too busy.",
)


@dataclass(frozen=True)
class LadderRun:
    """What is run, and where its files go.

    Args:
        python: interpreter of an environment that has the engine.
        profile: whose chats are sent, by as many users as ``ladder`` says, one number after the other.
        objective: what a good answer keeps.
        seed: of the arrivals.
        options: further ones of the engine's own command.
        models: where model folders are made, and found again.
        folder: of this run; made by it.
    """

    shape: Shape
    engine: str
    precisions: tuple[str, ...]
    python: Path
    device: str
    profile: Profile
    ladder: tuple[int, ...]
    objective: Objective
    seed: int
    options: tuple[str, ...]
    models: Path
    folder: Path
    screen: Console

    def rows(self) -> Iterator[StepRow]:
        """Every step's row, as soon as it is measured; its files are written by then.

        Raises:
            GpuError: the model cannot be made or served as asked.
        """
        self._refuse_what_cannot_work()
        self.folder.mkdir(parents=True)
        rows: list[StepRow] = []
        commands: dict[str, Sequence[str]] = {}
        for precision in self.precisions:
            made, serving = self._make(precision), self._serving(precision)
            commands[precision] = serving.command(0)
            self._write("run.json", json.dumps(self._facts(made) | {"commands": commands}, indent=1) + "\n")
            for row in self._climb(serving):
                rows.append(row)
                self._write("table.md", table.markdown(self._title(made), rows, _NOTES))
                yield row

    def _refuse_what_cannot_work(self) -> None:
        for precision in self.precisions:
            self._serving(precision).command(0)
        if self.device == "cuda":
            with nvml_gpus() as gpus:
                if not gpus:
                    msg = "this machine shows no NVIDIA GPU; --shape tiny runs on the CPU"
                    raise GpuError(msg)
        self.models.mkdir(parents=True, exist_ok=True)
        needed, free = 1.1 * self.shape.gigabytes, shutil.disk_usage(self.models).free / 1e9
        written = any(needs_weights(self.engine, p) and not self._model(p).exists() for p in self.precisions)
        if written and free < needed:
            msg = f"{self.models} has {free:.1f} GB free, and the weights need {needed:.1f}; name another --models"
            raise GpuError(msg)

    def _model(self, precision: str) -> Path:
        return self.models / (self.shape.name + ("" if needs_weights(self.engine, precision) else "-no-weights"))

    def _serving(self, precision: str) -> Serving:
        return Serving(
            self.engine, self.python, self._model(precision), precision, self.device, self.shape.context, self.options
        )

    def _make(self, precision: str) -> Made:
        """Make the model folder with the engine's interpreter, or find it made."""
        folder, log = self._model(precision), self.folder / "model.log"
        orders = Orders(str(folder), self.shape, needs_weights(self.engine, precision), self.device)
        argv = [str(self.python), "-m", "loadtests.gpu.weights", json.dumps(asdict(orders))]
        what = f"{precision}: the model {folder.name}"
        draft = folder.with_name(f"{folder.name}.draft")
        with self._waiting(what) as say, running(argv, log) as process:
            while not ended(process, _TICK_S):
                written = sum(file.stat().st_size for file in draft.glob("*")) / 1e9
                say(f"{what}, {written:.1f} of {self.shape.gigabytes:.1f} GB written")
        said = last_line(log)
        if process.returncode:
            msg = f"the model could not be made: {said}; its log is {log}"
            raise GpuError(msg)
        made = Made(**json.loads(said))
        if precision == "4bit" and "bitsandbytes" not in made.versions:
            msg = f"{self.python} has no bitsandbytes, which 4bit needs: pip install it there, or --precision bf16"
            raise GpuError(msg)
        return made

    def _climb(self, serving: Serving) -> Iterator[StepRow]:
        log = self.folder / f"server-{serving.precision}.log"
        with contextlib.ExitStack() as stack:
            with self._waiting(f"{serving.precision}: the server loads the model") as say:
                server = stack.enter_context(served(serving, log, say))
            for users in self.ladder:
                row = self._step(serving, server, users)
                yield row
                if row.problem:
                    return

    def _step(self, serving: Serving, server: ModelServer, users: int) -> StepRow:
        profile = self.profile.changed(users=users)
        spec = LoadSpec(
            target=f"{self.shape.name} {serving.precision} by {self.engine}",
            base_url=server.url,
            profile=profile,
            seed=self.seed,
            model=serving.model,
            objectives={"inference": self.objective},
        )
        name = f"{serving.precision}-{users}"
        with shown(self.screen, f"{serving.precision}, {users} users: {profile.arrival}") as on_progress:
            load, readings = send(spec, on_progress)
        self._write(f"{name}.json", load_to_json(load))
        if readings:
            self._write(f"{name}.gpu.csv", table.per_second(readings))
        row = table.row(serving.precision, load)
        if death := server.death():
            row = replace(row, problem=death)
        self._say(_sentence(row, load))
        return row

    def _title(self, made: Made) -> str:
        where = made.gpu if self.device == "cuda" else "the CPU"
        version = made.versions.get(self.engine, "")
        weights = f"{self.shape.parameters / 1e9:.3g} billion random weights ({self.shape.name})"
        return f"{weights} on {where} by {self.engine} {version}"

    def _facts(self, made: Made) -> dict[str, object]:
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "shape": asdict(self.shape),
            "parameters": self.shape.parameters,
            "engine": self.engine,
            "device": self.device,
            "gpu": made.gpu,
            "versions": made.versions,
            "profile": self.profile.model_dump(mode="json"),
            "users": self.ladder,
            "objective": asdict(self.objective),
            "seed": self.seed,
        }

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def _say(self, line: str) -> None:
        self.screen.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextlib.contextmanager
    def _waiting(self, beginning: str) -> Iterator[Callable[[str], None]]:
        """What shows a wait in place on a terminal, and only its beginning elsewhere."""
        if not self.screen.is_terminal:
            self._say(beginning)
            yield lambda _: None
            return
        with self.screen.status(escape(beginning)) as status:
            yield lambda line: status.update(escape(line))


def _sentence(row: StepRow, load: Load) -> str:
    if row.problem:
        return f"{row.precision}, {row.users} users: {row.problem}"
    cells = dict(zip(table.HEADS, row.cells(), strict=True))
    return (
        f"{row.precision}, {row.users} users, {load.arrival}: {row.requests} chats, {row.failed} failed; "
        f"first token p95 {cells['TTFT p95 ms']} ms, per token {cells['TPOT p95 ms']} ms, goodput {cells['goodput']}, "
        f"{cells['tokens/s']} tokens/s, GPU memory {cells['GPU memory']}, busy {cells['GPU busy']}"
    )
