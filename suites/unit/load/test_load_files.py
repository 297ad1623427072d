"""A load as files: every picture is drawn, other tools read the same percentiles, and nothing stops for want of
data.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from checks.targets import Latencies, Load, Mark, Slice
from loadtests.generator.spec import load_from_json
from loadtests.recording.recorder import Recorder, record_all
from reports.redaction import redact
from reports.render.load._series import all_requests, bins, groups, under_way
from reports.render.load.files import evidence, pictures, tables, write_pictures
from reports.render.load.hgrm import hgrm
from reports.render.load.percentiles import steps
from reports.render.privacy import PictureError
from suites.unit.load.load_samples import empty, load

_PICTURES = ["over-time", "percentiles", "throughput", "tokens"]
_PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files of the sample load, by name."""
    return {name.removeprefix("load/ward/"): content for name, content in evidence([load()]).items()}


def test_every_picture_file_and_record_is_written(tmp_path: Path) -> None:
    """Four pictures, a percentile file per group and kind of time, and the record itself."""
    written = write_pictures(load(), tmp_path / "new" / "folder")
    assert [path.name for path in written[:4]] == [f"{name}.svg" for name in _PICTURES]
    assert all("</svg>" in path.read_text() for path in written[:4])
    assert {path.name for path in written[4:]} == {
        "record.json",
        "all.hgrm",
        "inference.hgrm",
        "patient.hgrm",
        "audit.hgrm",
        "inference-first_token.hgrm",
        "inference-per_token.hgrm",
        "inference-gap.hgrm",
        "inference-refused.hgrm",
    }
    assert all(path.stat().st_size > 300 for path in written)
    assert load_from_json((tmp_path / "new" / "folder" / "record.json").read_text()) == load()


def test_pictures_may_be_png(tmp_path: Path) -> None:
    """For who cannot look at SVG."""
    written = write_pictures(load(), tmp_path, "png")
    assert all(path.read_bytes().startswith(_PNG) for path in written[:4])


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (
            "over-time",
            ["router 1 paused (10.0 s)", "limit 2000 ms", "status 503 (10)", "timed out (3)", "users at work"],
        ),
        ("percentiles", ["limit of patient: 500 ms", "99", "waiting to be sent (400)", "audit (100)"]),
        ("throughput", ["offered: meant to start", "of the offered, failed", "router 1 healed (12.0 s)"]),
        ("tokens", ["first token, from the intended start", "gaps between chunks, one by one", "limit 50 ms"]),
    ],
)
def test_a_picture_says_what_it_shows(picture: str, words: list[str], files: dict[str, bytes]) -> None:
    """Who, how, what happened, what the limits are: each text of an SVG stands beside its outlines."""
    drawn = files[f"{picture}.svg"].decode()
    for text in ["ward: 20 users, Poisson arrivals at 10/s, 40 s, seed 7", *words]:
        assert text in drawn, text


def test_equal_loads_give_equal_files(files: dict[str, bytes]) -> None:
    """Neither a clock nor chance is in them; the names of areas come from the last digits of their solved layout."""
    again = pictures(load()) | tables(load())
    assert {name for name in files if _without_ids(files[name]) != _without_ids(again[name])} == set()


def _without_ids(content: bytes) -> bytes:
    return re.sub(rb"\bp[0-9a-f]{10}\b", b"", content)


def test_redaction_leaves_the_files_as_they_are(files: dict[str, bytes]) -> None:
    """A report redacts all evidence; what is drawn and counted here must not look like a secret."""
    for name, content in files.items():
        assert redact(content.decode()) == content.decode(), name


def test_without_streams_there_is_no_picture_of_tokens() -> None:
    """And no percentile file of them."""
    files = evidence([load(streams=False)])
    assert {Path(name).stem for name in files if name.endswith(".svg")} == set(_PICTURES) - {"tokens"}
    assert not any("token" in name for name in files)


def test_an_empty_load_says_why(tmp_path: Path) -> None:
    """The pictures carry the reason; there is no percentile to write."""
    written = write_pictures(empty(), tmp_path)
    assert [path.name for path in written] == ["over-time.svg", "percentiles.svg", "throughput.svg", "record.json"]
    for path in written[:3]:
        assert "No request was recorded: nurse.x could not log in: wrong body." in path.read_text()
        assert "INCOMPLETE: nurse.x could not log in: wrong body" in path.read_text()


@pytest.mark.parametrize(
    "odd",
    [
        replace(load(12), slices=()),
        replace(load(12), marks=tuple(Mark(at, f"pod $a_{at}$ 重启 \x07") for at in (-5.0, *range(30)))),
        replace(load(12), profile="../$x^{_é 重", problem="cut short " * 90, complete=False),
        replace(load(12), slices=(Slice(0.0, 20, 0, ()), Slice(1.0, 0, 1, ()))),
        replace(empty(), kinds=(Latencies("page.get", (0.001,), (1,), {}),), slices=(Slice(0.0, 1, 1, ()),)),
        replace(load(12), seconds=1e-3),
    ],
    ids=["no slices", "too many marks", "strange names", "empty slices", "one request", "no time"],
)
def test_nothing_odd_stops_a_picture(odd: Load, tmp_path: Path) -> None:
    """What is missing or strange is drawn as far as it goes."""
    assert len(write_pictures(odd, tmp_path)) >= 5


def test_each_load_of_a_run_has_a_folder() -> None:
    """Also when two have the same name, or a name that no file may have."""
    folders = {name.split("/")[1] for name in evidence([empty(), empty(), replace(empty(), profile="a b/../c")])}
    assert folders == {"ward", "ward-2", "a-b-c"}


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """It names the place and the reason."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(PictureError, match=r"cannot write .*taken: (File exists|Not a directory)"):
        write_pictures(empty(), tmp_path / "taken")


def _rows(content: bytes) -> list[tuple[float, float, int]]:
    lines = [line.split() for line in content.decode().splitlines()[2:] if line and not line.startswith("#")]
    return [(float(line[0]), float(line[1]), int(line[2])) for line in lines]


def test_percentile_files_say_what_the_record_says() -> None:
    """Each line's value is the record's percentile, and holds as many requests as it says."""
    whole = all_requests(load())
    rows = _rows(hgrm(whole))
    assert len(rows) > 20
    assert rows[-1] == (whole.percentile(1.0), 1.0, whole.total)
    for value, share, count in rows:
        assert value == whole.percentile(share)
        assert count == whole.total - whole.over(value)


def test_the_footer_of_a_percentile_file_is_in_ms_too() -> None:
    """Mean, standard deviation and maximum have one unit."""
    footer = hgrm(record_all("page.get", [0.010, 0.030])).decode().replace(" ", "")
    numbers = dict(part.split("=") for line in footer.splitlines()[-3:-1] for part in line.strip("#[]").split(","))
    assert float(numbers["Mean"]) == pytest.approx(20, rel=1e-3)
    assert float(numbers["StdDeviation"]) == pytest.approx(10, rel=1e-3)
    assert float(numbers["Max"]) == pytest.approx(30, rel=1e-3)


def test_the_stairs_of_a_curve_are_the_percentiles() -> None:
    """At 1/(1-q), just behind it, stands the percentile of q."""
    one = record_all("page.get", [0.01, 0.02, 0.02, 0.05])
    reached, values = steps(one)
    assert reached == [1.0, pytest.approx(4 / 3), 4.0]
    for x, value in zip(reached, values, strict=True):
        assert value == one.percentile(1 - 1 / x + 1e-6)


def test_groups_have_every_request_once() -> None:
    """Those with an objective come first; times inside requests are none."""
    made = groups(load())
    assert [group.kind for group in made] == ["inference", "patient", "audit"]
    assert sum(group.total for group in made) == all_requests(load()).total == 400
    assert [group.failed for group in made] == [10, 0, 3]


def test_bins_are_wide_enough_and_hold_every_request() -> None:
    """Ten requests each where the load has so many, and at least ten bins where it is long enough."""
    wide = bins(load(), ["audit"])
    assert {each.seconds for each in wide} == {4.0, 2.0}
    assert sum(each.asked.total for each in wide) == 100
    assert sum(each.ended for each in wide) == 400
    assert {each.seconds for each in bins(load(100), ["inference"])} == {2.0}


def test_what_is_under_way_grows_in_a_pause_and_ends_at_none() -> None:
    """Requests that were meant to have started and had not ended, from nothing to nothing."""
    recorder = Recorder()
    for at_s, seconds in ((0.5, 0.1), (1.5, 2.0), (1.6, 0.2)):
        recorder.request("page.get", at_s, seconds)
    assert under_way(replace(empty(), slices=recorder.slices())) == ((0.0, 0), (1.0, 0), (2.0, 1), (3.0, 1), (4.0, 0))
