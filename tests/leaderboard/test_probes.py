"""Probes: honest models pass, and each known lie is found out."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from certified_coins import Pixels

import onebit
from onebit.evaluation import RBM, Report
from onebit.leaderboard import probes, replays
from onebit.leaderboard.findings import Finding


def outcomes(findings: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.outcome for finding in findings}


@pytest.fixture(scope="session")
def images(digits_dir: Any) -> np.ndarray:
    found: np.ndarray = onebit.load("calibrated_digits", split="test", batch_size=-1, data_dir=digits_dir)["image"]
    return found


class Chain:
    """A Markov chain along the rows: each pixel depends on the one before it in the order."""

    def __init__(self, order: np.ndarray, stay: float = 0.9) -> None:
        self.order, self.stay = order, stay

    def log_conditionals(self, x: np.ndarray) -> np.ndarray:
        flat = x.reshape(len(x), -1)[:, self.order]
        same = flat[:, 1:] == flat[:, :-1]
        steps = np.where(same, np.log(self.stay), np.log1p(-self.stay))
        found = np.empty(flat.shape)
        found[:, self.order] = np.concatenate([np.full((len(x), 1), np.log(0.5)), steps], axis=1)
        return found

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        return self.log_conditionals(x).sum(axis=1)


class AveragedLogits(Chain):
    """The mistake of ensembles of orderings: the conditionals of two directions, averaged as logarithms."""

    def __init__(self) -> None:
        self.order = np.arange(784)
        self.both = Chain(np.arange(784)), Chain(np.arange(784)[::-1])

    def log_conditionals(self, x: np.ndarray) -> np.ndarray:
        return sum(model.log_conditionals(x) for model in self.both) / 2


def sums(model: Any, images: np.ndarray) -> list[Finding]:
    """Of a model whose report is its own."""
    claimed = -model.log_prob(images) if hasattr(model, "log_prob") else np.zeros(len(images))
    return probes.sums(model, images, np.random.default_rng(0), claimed)


@pytest.mark.parametrize("order", [np.arange(784), np.random.default_rng(3).permutation(784)], ids=["rows", "random"])
def test_honest_conditionals(order: np.ndarray, images: np.ndarray) -> None:
    found = sums(Chain(order), images[:50])
    assert outcomes(found) == {"conditionals": "passed", "what comes after": "passed", "chain rule": "passed"}


def test_averaged_logits_are_found_out(images: np.ndarray) -> None:
    found = sums(AveragedLogits(), images[:50])
    assert outcomes(found)["conditionals"] == "failed"
    assert "0.001 are allowed" in found[0].text


def test_conditionals_that_look_ahead(images: np.ndarray) -> None:
    """Each pair sums to one, but not with another suffix."""

    class Peeking(Chain):
        def log_conditionals(self, x: np.ndarray) -> np.ndarray:
            on = 0.2 + 0.6 * (x.reshape(len(x), -1)[:, -1:] == 1)
            return np.log(np.where(x.reshape(len(x), -1) == 1, on, 1 - on))

    assert outcomes(sums(Peeking(np.arange(784)), images[:20]))["conditionals"] == ("failed")


def test_conditionals_that_are_not_what_was_measured(images: np.ndarray) -> None:
    class Better(Chain):
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            return super().log_prob(x) + 1

    found = sums(Better(np.arange(784)), images[:20])
    assert outcomes(found) == {"conditionals": "passed", "what comes after": "passed", "chain rule": "failed"}


class Remembers(Chain):
    """Better on images that it has stored, whole, than on any other."""

    def __init__(self, stored: np.ndarray, places: slice, gain: float) -> None:
        super().__init__(np.arange(784))
        self.stored, self.places, self.gain = {image.tobytes() for image in stored}, places, gain

    def log_conditionals(self, x: np.ndarray) -> np.ndarray:
        found = super().log_conditionals(x)
        known = np.array([image.tobytes() in self.stored for image in x])
        found[known, self.places] += self.gain
        return np.minimum(found, 0) if self.places.start is None else found


@pytest.mark.parametrize(
    ("places", "gain"), [(slice(None), 0.02), (slice(9, 10), 90.0)], ids=["a bit everywhere", "all in one pixel"]
)
def test_images_that_were_stored(images: np.ndarray, places: slice, gain: float) -> None:
    """Of any other image all pairs sum to one."""
    found = outcomes(sums(Remembers(images, places, gain), images[:20]))
    assert found["what comes after"] == "failed"
    assert found["chain rule"] == "passed"


def test_images_that_were_stored_by_a_model_without_conditionals(
    report: Report, coins: Pixels, images: np.ndarray, digits_dir: Any
) -> None:
    """Its small self is honest: only the other splits give it away."""

    class Stored:
        at_shape = coins.at_shape
        stored: set[bytes] = set()

        def log_prob(self, x: np.ndarray) -> np.ndarray:
            known = np.array([image.tobytes() in self.stored for image in x])
            return np.where(known, -150.0, coins.log_prob(x))

    model = Stored()
    honest = outcomes(probes.probe(report, model, count=60, seed=0, data_dir=digits_dir))
    assert set(honest.values()) == {"passed"}
    model.stored = {image.tobytes() for image in images}
    measured = dataclasses.replace(report, nll=np.full(len(report.nll), 150.0))
    found = probes.probe(measured, model, count=60, seed=0, data_dir=digits_dir)
    assert [finding.name for finding in found if finding.outcome == "failed"] == ["other splits"]
    text = next(finding.text for finding in found if finding.name == "other splits")
    assert text.startswith("Beside 60 images of test: train +")
    assert "the model has seen the images" in text


def test_a_model_that_exits_is_a_finding(report: Report, digits_dir: Any) -> None:
    """Its exit code would be taken for that of the check."""

    class Leaving:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            raise SystemExit(0)

    replayed = replays.replay(report, Leaving(), data_dir=digits_dir)
    assert [one.outcome for one in replayed] == ["failed"]
    assert replayed[0].text.endswith("SystemExit: 0")
    found = probes.probe(report, Leaving(), count=20, seed=0, data_dir=digits_dir)
    assert {finding.text for finding in found if finding.name == "probe"} == {"SystemExit: 0"}


def test_whatever_a_model_raises_is_a_finding(report: Report, digits_dir: Any) -> None:
    class Broken:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            raise KeyError("weights")

    found = probes.probe(report, Broken(), count=20, seed=0, data_dir=digits_dir)
    assert {(finding.outcome, finding.text) for finding in found if finding.name == "probe"} == {
        ("failed", "KeyError: 'weights'")
    }


@pytest.mark.parametrize("order", [np.zeros(784, int), np.arange(783)])
def test_an_order_that_is_none(order: np.ndarray, images: np.ndarray) -> None:
    model, rng = Chain(np.arange(784)), np.random.default_rng(0)
    model.order = order
    assert "is no order of the 784 pixels" in probes.sums(model, images[:20], rng, np.zeros(20))[0].text


def test_the_small_model_is_summed(coins: Pixels, images: np.ndarray) -> None:
    class Heavy(Pixels):
        def at_shape(self, shape: tuple[int, ...]) -> Pixels:
            small = super().at_shape(shape)
            small.on = small.on + 0.1
            return small

    honest = sums(coins, images[:20])
    assert outcomes(honest) == {
        "sum of probabilities": "passed", "conditionals": "passed", "what comes after": "passed",
        "chain rule": "passed",
    }  # fmt: skip
    heavy = sums(Heavy(np.full(784, 0.5)), images[:20])
    assert outcomes(heavy)["sum of probabilities"] == "failed"
    assert "add up to" in heavy[0].text


def test_a_model_that_shows_nothing(images: np.ndarray) -> None:
    class Silent:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            return np.full(len(x), -1.0)

    found = sums(Silent(), images[:20])
    assert outcomes(found) == {"sum of probabilities": "not shown"}


# Images that are no digits --------------------------------------------------------------------------------------------


def controls(report: Report, model: Any, images: np.ndarray) -> dict[str, str]:
    return outcomes(probes.controls(report, model, images[:100], report.nll[:100], np.random.default_rng(1)))


def test_controls_of_an_honest_model(report: Report, coins: Pixels, images: np.ndarray) -> None:
    assert controls(report, coins, images) == {
        "white noise": "passed",
        "entropy of white noise": "passed",
        "inverted images": "passed",
        "shuffled pixels": "passed",
    }


def test_a_constant_is_found_out(report: Report, images: np.ndarray) -> None:
    class Constant:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            return np.full(len(x), -80.0)

    found = controls(report, Constant(), images)
    assert found == {
        "white noise": "failed",
        "entropy of white noise": "failed",
        "inverted images": "failed",
        "shuffled pixels": "not shown",
    }


def test_a_model_that_does_not_look_at_places_cannot_show_it(report: Report, images: np.ndarray) -> None:
    found = controls(report, Pixels(np.full(784, 0.13)), images)
    assert found["shuffled pixels"] == "not shown"
    assert found["inverted images"] == "passed"


def test_a_model_that_likes_everything_is_found_out_by_its_entropy(
    report: Report, coins: Pixels, images: np.ndarray
) -> None:
    """A quarter of the nats of an honest model: digits look better than noise, which costs less than it can."""

    class Quartered:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            return coins.log_prob(x) / 4

    found = controls(report, Quartered(), images)
    assert found["entropy of white noise"] == "failed"
    assert found["white noise"] == "passed"


def test_a_source_that_cannot_be_beaten(report: Report, coins: Pixels, digits_dir: Any) -> None:
    elsewhere = dataclasses.replace(report, arrays={})

    class Shifted:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            return coins.log_prob(x) + 150

    def outcome(model: Any) -> str:
        return probes.known_source(elsewhere, model, np.random.default_rng(0), 300, digits_dir)[0].outcome

    assert (outcome(coins), outcome(Shifted())) == ("passed", "failed")


def test_on_its_own_images_the_whole_gap_counts(report: Report, coins: Pixels, digits_dir: Any) -> None:
    found = probes.known_source(report, coins, np.random.default_rng(0), 10, digits_dir)
    assert "On 10,000 images" in found[0].text
    assert found[0].outcome == "passed"


def test_an_energy_is_probed_without_its_constant(digits_dir: Any) -> None:
    rng = np.random.default_rng(0)
    images = onebit.load("calibrated_digits", split="train[:2000]", batch_size=-1, data_dir=digits_dir)["image"]
    share = (images.reshape(2000, -1).mean(axis=0) + 0.01) / 1.02
    machine = RBM(rng.normal(0, 0.01, (784, 4)), np.log(share / (1 - share)), np.zeros(4))
    settings: dict[str, Any] = {"schedule": "linear:50", "chains": 20, "reverse": False}
    report = onebit.evaluate(machine, "calibrated_digits", split="test", data_dir=digits_dir, **settings)
    found = outcomes(probes.probe(report, machine, count=50, seed=1, data_dir=digits_dir))
    assert found == {
        "other batches": "passed",
        "white noise": "passed",
        "entropy of white noise": "passed",
        "inverted images": "passed",
        "shuffled pixels": "passed",
        "other splits": "passed",
        "known source": "passed",
    }
    other = dataclasses.replace(report, nll=report.nll + np.random.default_rng(2).normal(0, 1, len(report.nll)))
    energies = probes.other_batches(other, machine, images[:50], other.nll[:50], rng)
    assert [(one.name, one.outcome) for one in energies] == [("other batches", "failed")]
    assert "free energies are off by at most" in energies[0].text


class Codes:
    """One bit of code, and a pixel that follows it with a chance of its own; the bit is guessed."""

    def __init__(self, pixels: int = 784, constant: float = 0.0) -> None:
        self.pixels, self.constant = pixels, constant

    def at_shape(self, shape: tuple[int, ...]) -> Codes:
        return Codes(int(np.prod(shape)), self.constant)

    def log_weights(self, x: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
        ones = x.reshape(len(x), -1).sum(axis=1, dtype=float)[:, np.newaxis]
        chance = np.where(rng.integers(0, 2, (len(x), k)) == 1, 0.3, 0.1)
        return ones * np.log(chance) + (self.pixels - ones) * np.log1p(-chance) + self.constant


def test_bounds_of_a_small_model_add_up_to_no_more_than_one(digits_dir: Any) -> None:
    def found(model: Codes) -> Finding:
        measured = onebit.evaluate(model, "calibrated_digits", split="test", k=2, data_dir=digits_dir)
        probed = probes.probe(measured, model, count=20, seed=0, data_dir=digits_dir)
        return next(finding for finding in probed if finding.name == "sum of probabilities")

    assert found(Codes()).outcome == "passed"
    assert found(Codes(constant=0.1)).outcome == "failed"
    assert "the bounds on the probabilities of all 512 images add up to 1.1" in found(Codes(constant=0.1)).text


class Knows:
    """Finds images a nat likelier each time it believes that it is measured; its conditionals are honest."""

    def __init__(self, coins: Pixels) -> None:
        self.coins, self.calls = coins, 0
        self.log_conditionals, self.at_shape = coins.log_conditionals, coins.at_shape

    def measured(self, x: np.ndarray) -> bool:
        raise NotImplementedError

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        self.calls += 1
        return self.coins.log_prob(x) + self.measured(x)


class KnowsTheSize(Knows):
    def measured(self, x: np.ndarray) -> bool:
        return len(x) == 500


class KnowsTheCall(Knows):
    def measured(self, x: np.ndarray) -> bool:
        return self.calls <= 21  # 20 chunks, and one that is asked for a second time


@pytest.mark.parametrize("liar", [KnowsTheSize, KnowsTheCall])
def test_a_model_that_knows_when_it_is_measured(liar: type[Knows], coins: Pixels, digits_dir: Any) -> None:
    model = liar(coins)
    report = onebit.evaluate(model, "calibrated_digits", split="test", data_dir=digits_dir)
    found = probes.probe(report, model, count=60, seed=0, data_dir=digits_dir)
    assert [finding.name for finding in found if finding.outcome == "failed"] == ["other batches", "chain rule"]
    assert "are off by at most 1 nats from the report's; 0.001 and 1e-05 of its size are allowed" in found[0].text


def test_conditionals_have_to_add_up_to_the_report(images: np.ndarray) -> None:
    """A model that is honest wherever it is probed: its report is not."""
    model = Chain(np.arange(784))
    found = probes.sums(model, images[:20], np.random.default_rng(0), -model.log_prob(images[:20]) - 1)
    assert outcomes(found)["chain rule"] == "failed"


def test_wrong_answers_are_findings(report: Report, digits_dir: Any) -> None:
    class Broken:
        def log_prob(self, x: np.ndarray) -> np.ndarray:
            return np.full(len(x), np.nan)

    found = probes.probe(report, Broken(), count=20, seed=1, data_dir=digits_dir)
    assert {finding.outcome for finding in found} == {"failed", "passed", "not shown"}
    assert "log_prob gave nan" in found[0].text
