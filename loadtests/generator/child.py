"""The load generator: ``python -m loadtests.generator.child SPEC PROGRESS RESULT``, always a process of its own.

Reads a `loadtests.generator.spec.LoadSpec` from SPEC and removes that file, since it holds secrets; appends `Progress`
lines to PROGRESS; writes the `checks.targets.Load` to RESULT. Ends by itself when the process that started it is gone.
"""

from __future__ import annotations

from locust.env import Environment  # first: importing Locust patches the standard library for gevent

# isort: split
import resource
import sys
from pathlib import Path

from checks.targets import Load
from loadtests.generator.generator import LoadGenerator
from loadtests.generator.leader import joined_workers
from loadtests.generator.part import Part
from loadtests.generator.spec import LoadSpec, SpecError, empty_record, load_to_json, write_private
from loadtests.users.locust_users import users_on


def send(spec: LoadSpec, progress: Path) -> Load:
    """Send a load from this process, or lead the workers that send it."""
    if spec.listen or spec.processes > 1:
        try:
            with joined_workers(spec, progress) as (senders, lost):
                return LoadGenerator(spec, senders, progress, lost).run()
        except SpecError as problem:
            return empty_record(spec, str(problem))
    try:
        part = Part(spec)
    except SpecError as problem:
        return empty_record(spec, str(problem))
    runner = Environment(user_classes=users_on(part.stage), catch_exceptions=False).create_local_runner()
    runner.start(spec.profile.users, spawn_rate=spec.profile.users)
    try:
        return LoadGenerator(spec, [part], progress).run()
    finally:
        runner.greenlet.kill(block=False)
        runner.user_greenlets.kill(block=False)


def raise_file_limit() -> None:
    """Allow as many open connections as the system does."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(arguments: list[str]) -> None:
    """Run one load as the files say."""
    source, progress, result = (Path(argument) for argument in arguments)
    spec = LoadSpec.model_validate_json(source.read_text())
    source.unlink()
    raise_file_limit()
    write_private(result, load_to_json(send(spec, progress)))


if __name__ == "__main__":
    main(sys.argv[1:])
