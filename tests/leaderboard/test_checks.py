"""What a certificate is worth: honest ones, and those of strangers."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from certified_coins import ABOUT, Edit

import onebit
from onebit.errors import FormatError
from onebit.evaluation import Report
from onebit.leaderboard import certificates, checks
from onebit.leaderboard.certificates import Certificate
from onebit.leaderboard.findings import Checked

LYING = "the numbers of the images give"


def outcomes(checked: Checked) -> dict[str, str]:
    return {finding.name: finding.outcome for finding in checked.findings}


def only_failure(path: Path, **options: Any) -> str:
    checked = checks.check(path, **options)
    assert checked.level == 0
    assert len(checked.failed) == 1
    return f"{checked.failed[0].name}: {checked.failed[0].text}"


def test_an_honest_certificate_is_consistent(certified: Path, digits_dir: Path, report: Report) -> None:
    checked = checks.check(certified, data_dir=digits_dir)
    assert set(outcomes(checked).values()) == {"passed"}
    assert checked.level == 1
    assert checked.to_json()["word"] == "consistent"
    numbers = next(finding.text for finding in checked.findings if finding.name == "numbers")
    assert f"The 10,000 numbers give mean {report.mean:.4f}, standard error {report.stderr:.4f}" in numbers


def test_a_plain_report_can_be_checked_too(report: Report, tmp_path: Path, digits_dir: Path) -> None:
    checked = checks.check(report.save(tmp_path / "plain.json"), data_dir=digits_dir)
    assert (checked.level, checked.about, checked.seal) == (1, None, None)


def test_it_touches_nothing_but_its_files(
    certified: Path, edited: Edit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever names of modules, addresses and commands are in it: they are only text."""
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    edited(
        lambda content: content.update(
            model="trap:model", settings={"engine": "trap"}, versions={"trap": "1"}, details={"model": "trap.py:model"}
        )
    )
    opened: list[str] = []
    sys.addaudithook(lambda event, arguments: opened.append(f"{event} {arguments}") if hooked else None)
    hooked = True
    checked = checks.check(certified)
    hooked = False
    assert checked.level == 1
    assert "trap" not in sys.modules
    forbidden = ("socket.", "subprocess.", "os.system", "exec ", "os.exec", "pickle.")
    assert not [event for event in opened if event.startswith(forbidden) and "onebit" not in event]
    assert not [event for event in opened if "trap.py" in event]


# Strangers ------------------------------------------------------------------------------------------------------------


def test_an_edited_text(edited: Edit) -> None:
    path = edited(lambda content: content["certificate"].update(title="A better model"), seal=False)
    assert "it has been edited" in only_failure(path)


@pytest.mark.parametrize("name", ["mean_nats", "stderr_nats", "bits_per_pixel", "gap_nats", "gap_stderr_nats"])
def test_a_wrong_number(edited: Edit, name: str) -> None:
    path = edited(lambda content: content["summary"].update({name: content["summary"][name] - 0.01}))
    assert f"numbers: coins.json: summary.{name} is" in only_failure(path)
    with pytest.raises(FormatError, match=LYING):
        certificates.read(path)


def test_a_bound_that_is_called_exact(edited: Edit) -> None:
    path = edited(lambda content: content.update(protocol="iw"))
    assert "numbers that are 'exact'" in only_failure(path).replace("says that its numbers are", "numbers that are")
    path = edited(lambda content: content.update(protocol="iw", kind="lower bound", errs="low"))
    assert "By that protocol they are 'upper bound'" in only_failure(path)
    path = edited(lambda content: content.update(protocol="guess"))
    assert "protocol 'guess'" in only_failure(path)


def evidence(path: Path) -> Path:
    return path.with_name("coins.npy")


def rehash(path: Path) -> Callable[[dict[str, Any]], None]:
    import hashlib

    def change(content: dict[str, Any]) -> None:
        content["arrays"]["nll"]["sha256"] = hashlib.sha256(evidence(path).read_bytes()).hexdigest()

    return change


def test_no_evidence(certified: Path) -> None:
    evidence(certified).unlink()
    assert "coins.npy is not beside coins.json: bring both files" in only_failure(certified)


def test_other_evidence(certified: Path) -> None:
    np.save(evidence(certified), np.load(evidence(certified)) - 1)
    assert "does not have the SHA-256 that coins.json names" in only_failure(certified)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (lambda nll: nll - 1, LYING),
        (lambda nll: nll[:-1], "numbers of shape \\(9999,\\)|at most"),
        (lambda nll: nll.astype(np.float32), "type float32"),
        (lambda nll: nll.reshape(100, 100), "shape \\(100, 100\\)"),
        (lambda nll: np.where(np.arange(len(nll)) == 7, np.nan, nll), "image 7 is not finite"),
        (lambda nll: np.concatenate([nll, nll]), "at most"),
        (lambda nll: np.array([{"a": 1}], object), "pickle"),
    ],
)
def test_evidence_of_another_shape(certified: Path, edited: Edit, array: Any, message: str) -> None:
    np.save(evidence(certified), array(np.load(evidence(certified))), allow_pickle=True)
    edited(rehash(certified))
    import re

    assert re.search(message, only_failure(certified))


def test_evidence_that_is_cut_short_or_no_npy(certified: Path, edited: Edit) -> None:
    whole = evidence(certified).read_bytes()
    for content in (whole[:-8], whole[:40], b"", b"\x80\x04K\x01.", pickle.dumps([1])):
        evidence(certified).write_bytes(content)
        edited(rehash(certified))
        assert "npy file" in only_failure(certified)


def test_a_header_that_promises_gigabytes(certified: Path, edited: Edit) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }".ljust(117) + b"\n"
    evidence(certified).write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    edited(rehash(certified))
    assert "8,000,000,000 bytes; at most 80,000 bytes are allowed" in only_failure(certified)


@pytest.mark.parametrize(
    "name", ["../coins.npy", "/etc/hostname", "..", "sub/coins.npy", "coins.npy\x00", "a\\b", "CON", "", 5, None, []]
)
def test_names_that_lead_elsewhere(edited: Edit, name: Any) -> None:
    path = edited(lambda content: content["arrays"]["nll"].update(file=name))
    try:
        assert "plain name" in only_failure(path)
    except FormatError as error:  # it has a character that cannot be printed
        assert "U+0000" in str(error)


def test_evidence_that_is_a_link_or_a_pipe(certified: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.npy"
    evidence(certified).rename(elsewhere)
    evidence(certified).symlink_to(elsewhere)
    assert "is a link" in only_failure(certified)
    evidence(certified).unlink()
    os.mkfifo(evidence(certified))
    assert "is no file, but something else" in only_failure(certified)
    evidence(certified).unlink()
    evidence(certified).mkdir()
    assert "is no file, but something else (a folder" in only_failure(certified)


def test_arrays_without_end(edited: Edit) -> None:
    def change(content: dict[str, Any]) -> None:
        content["arrays"] |= {f"a{number}": content["arrays"]["nll"] for number in range(20)}

    assert "at most 15 others" in only_failure(edited(change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "os"}, "onebit has no such data set"),
        ({"name": "../../etc"}, "onebit has no such data set"),
        ({"version": "2.0.0"}, "onebit knows version 1.0.0"),
        ({"split": "test[:100]"}, "a certificate is about a whole split: train, validation, test"),
        ({"order": "source"}, "in the order 'tfds'"),
        ({"columns": []}, "these are other images"),
        ({"columns": [{"split": "test", "start": 0, "stop": 10_000, "sha256": "0" * 64}]}, "these are other images"),
        ({"images_sha256": "0" * 64}, "have another SHA-256 than the split"),
    ],
)
def test_other_images(edited: Edit, digits_dir: Path, change: dict[str, Any], message: str) -> None:
    path = edited(lambda content: content["dataset"].update(change))
    assert message in only_failure(path, data_dir=digits_dir)


def test_fewer_images_than_there_are(report: Report, tmp_path: Path, digits_dir: Path) -> None:
    import dataclasses

    few = dataclasses.replace(report, nll=report.nll[:9], dataset={**report.dataset, "num_examples": 9}, arrays={})
    path = Certificate(few, ABOUT).save(tmp_path / "few.json")
    assert "it has 10,000 images, and not 9" in only_failure(path, data_dir=digits_dir)


def test_another_source(report: Report, tmp_path: Path, digits_dir: Path) -> None:
    """A gap that looks small because the reference was moved."""
    import dataclasses

    moved = dataclasses.replace(report, arrays={"reference": -report.nll})
    path = Certificate(moved, ABOUT).save(tmp_path / "moved.json")
    assert "are not those of the data set" in only_failure(path, data_dir=digits_dir)


def test_a_density(report: Report, tmp_path: Path, digits_dir: Path) -> None:
    import dataclasses

    density = dataclasses.replace(report, nll=report.nll - report.nll.max())
    path = Certificate(density, ABOUT).save(tmp_path / "density.json")
    checked = checks.check(path, data_dir=digits_dir)
    assert checked.level == 0
    assert [finding.name for finding in checked.failed] == ["probabilities", "sum over the images"]
    assert "a probability above 1" in checked.failed[0].text


@pytest.mark.parametrize("nats", [0.0, 5.0, 9.2])
def test_one_small_number_for_every_image(report: Report, tmp_path: Path, digits_dir: Path, nats: float) -> None:
    """Each may be a probability; all of them together are none."""
    import dataclasses

    constant = dataclasses.replace(report, nll=np.full(len(report.nll), nats), arrays={})
    path = Certificate(constant, ABOUT).save(tmp_path / "constant.json")
    message = only_failure(path, data_dir=digits_dir)
    assert "sum over the images: The probabilities of the 10,000 different images add up to e^" in message
    assert "no distribution gives them fewer than 9.21 nats on average" in message


def test_the_least_that_all_images_together_can_have(report: Report, tmp_path: Path, digits_dir: Path) -> None:
    import dataclasses

    least = dataclasses.replace(report, nll=np.full(len(report.nll), np.log(len(report.nll))), arrays={})
    checked = checks.check(Certificate(least, ABOUT).save(tmp_path / "least.json"), data_dir=digits_dir)
    assert checked.level == 1


def test_images_of_another_shape(edited: Edit) -> None:
    """Half as many bits per pixel, for twice as many pixels."""

    def change(content: dict[str, Any]) -> None:
        content["dataset"]["image_shape"] = [28, 28, 2]
        content["summary"]["bits_per_pixel"] /= 2

    assert "its images have the shape (28, 28, 1), and not (28, 28, 2)" in only_failure(edited(change))


@pytest.mark.parametrize(
    ("protocol", "kind", "errs", "missing"),
    [
        ("iw", "upper bound", "high", "elbo and iw_bound"),
        ("elbo", "upper bound", "high", "elbo and iw_bound"),
        ("ais", "estimate", "low", "forward_log_weights"),
    ],
)
def test_a_bound_without_the_arrays_that_it_follows_from(
    edited: Edit, protocol: str, kind: str, errs: str, missing: str
) -> None:
    checked = checks.check(edited(lambda content: content.update(protocol=protocol, kind=kind, errs=errs)))
    assert (checked.level, checked.failed) == (0, [])
    assert checked.problem is not None
    assert f"{missing} " in checked.problem.text


@pytest.mark.parametrize(
    "arrays",
    [
        lambda nll: {"elbo": -nll - 1, "iw_bound": -nll - 1},
        lambda nll: {"elbo": -nll + 1, "iw_bound": -nll},
        lambda nll: {"elbo": -nll[:5], "iw_bound": -nll},
        lambda nll: {"elbo": -nll, "iw_bound": nll > 0},
        lambda nll: {"elbo": np.full(len(nll), np.nan), "iw_bound": -nll},
        lambda nll: {"elbo": np.zeros(0), "iw_bound": np.zeros(0)},
    ],
)
def test_arrays_that_do_not_give_the_bound(report: Report, tmp_path: Path, arrays: Any) -> None:
    import dataclasses

    others = {**report.arrays, **arrays(report.nll)}
    bound = dataclasses.replace(report, protocol="iw", kind="upper bound", errs="high", arrays=others)
    checked = checks.check(Certificate(bound, ABOUT).save(tmp_path / "bound.json"))
    assert checked.level == 0
    assert checked.problem is not None
    assert checked.problem.name == "bound"


@pytest.mark.parametrize("weights", [[], [np.nan], [1.0, 2.0], np.array([True, False]), np.array([1], np.int64)])
def test_weights_that_do_not_give_log_z(report: Report, tmp_path: Path, weights: Any) -> None:
    import dataclasses

    others = {**report.arrays, "forward_log_weights": np.asarray(weights)}
    details = {"log_z_base": 0.0, "mean_free_energy_nats": 0.0}
    estimate = dataclasses.replace(
        report, protocol="ais", kind="estimate", errs="low", arrays=others, details=details
    )  # fmt: skip
    checked = checks.check(Certificate(estimate, ABOUT).save(tmp_path / "estimate.json"))
    assert checked.level == 0
    assert checked.problem is not None
    assert checked.problem.name == "log Z"


@pytest.mark.parametrize(
    "reference",
    [lambda found: found[:5], lambda found: np.where(found < 0, np.nan, found), lambda found: found.astype("f4")],
)
def test_a_reference_that_is_none(certified: Path, edited: Edit, reference: Any) -> None:
    import hashlib

    file = certified.with_name("coins.reference.npy")
    np.save(file, reference(np.load(file)))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    path = edited(lambda content: content["arrays"]["reference"].update(sha256=digest))
    assert "reference does not have one finite float64 for each image" in only_failure(path)


def test_numbers_beyond_counting(report: Report, edited: Edit, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"summary.mean_nats|too large for a float64"):
        checks.check(edited(lambda content: content["summary"].update(mean_nats=10**400), seal=False))
    import dataclasses

    with pytest.raises(FormatError, match=r"The number of image 0 is above 1e\+100 nats"):
        dataclasses.replace(report, nll=np.full(len(report.nll), 1e308))


def test_a_text_as_long_as_a_book(edited: Edit) -> None:
    for change in (
        lambda content: content.update(note="a" * 3_000),
        lambda content: content["settings"].update(schedule="a" * 3_000),
        lambda content: content.update({"a" * 3_000: 1}),
    ):
        with pytest.raises(FormatError, match=r"that begins with 'a{60}' has 3,000 characters; at most 2,000"):
            checks.check(edited(change))
        edited(lambda content: [content.update(note="", settings={}), content.pop("a" * 3_000, None)])


@pytest.mark.parametrize("field", ["protocol", "kind", "errs", "onebit_report", "seconds"])
def test_messages_stay_short(edited: Edit, field: str) -> None:
    path = edited(lambda content: content.update({field: "x" * 1_900}))
    try:
        message = only_failure(path)
    except FormatError as error:
        message = str(error)
    assert "x" * 70 in message
    assert len(message) < 500


@pytest.mark.parametrize(
    "text",
    [b"[" * 200_000, b'{"onebit_report": 1, "onebit_report": 1}', b"[NaN]", b"\xff\xfe", b"", b"null", b"[]", b"{}"],
)
def test_json_that_is_none(certified: Path, text: bytes) -> None:
    certified.write_bytes(text)
    with pytest.raises(FormatError):
        checks.check(certified)


@pytest.mark.parametrize("field", ["model", "dataset", "protocol", "settings", "flags", "versions"])
def test_fields_of_another_type(edited: Edit, field: str) -> None:
    path = edited(lambda content: content.update({field: 5}))
    with pytest.raises(FormatError, match=f"{field} is 5; expected"):
        checks.check(path)


def test_where_the_data_set_is_not_prepared(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched: the record in the package is enough for the rest."""
    content = json.loads(report.save(tmp_path / "x.json").read_bytes())
    known = onebit.builder("binarized_mnist", data_dir=tmp_path).record
    content["dataset"] |= {
        "name": "binarized_mnist",
        "columns": [{"split": "test", "start": 0, "stop": 10_000, "sha256": known.splits["test"].digests["image"]}],
    }
    del content["arrays"]["reference"]
    del content["summary"]["gap_nats"], content["summary"]["gap_stderr_nats"]
    (tmp_path / "x.json").write_text(json.dumps(content))
    checked = checks.check(tmp_path / "x.json", data_dir=tmp_path / "nothing")
    assert checked.level == 1
    assert outcomes(checked)["packed images"] == "not checked"
    assert outcomes(checked)["sum over the images"] == "not checked"
    assert "For this check too: onebit prepare binarized_mnist" in checked.findings[-2].text


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("image_shape", []), ("image_shape", ["28", 28, 1]), ("image_shape", [0, 28, 1]), ("image_shape", [10**9] * 4),
        ("columns", [5]), ("columns", [{"sha256": 5}]), ("flags", [5]), ("lines", 5), ("lines", {"log Z": 5}),
    ],
)  # fmt: skip
def test_what_lists_and_objects_hold(edited: Edit, place: str, value: Any) -> None:
    """It would be printed, or counted with."""

    def change(content: dict[str, Any]) -> None:
        if place == "lines":
            content["details"]["lines"] = value
        else:
            (content if place == "flags" else content["dataset"])[place] = value

    with pytest.raises(FormatError, match=f"{place} holds something else than a report does"):
        checks.check(edited(change))
