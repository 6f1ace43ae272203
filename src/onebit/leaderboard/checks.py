"""What a certificate is worth: everything in it that can be recomputed is, and the level that it reaches is said.

=====  ===========  ==================================================================================================
level  word         what it means
=====  ===========  ==================================================================================================
0      reported     a number somebody gives; the evidence is missing or does not fit
1      consistent   the number of every image is there, and gives the mean, its error and the hashes; the images are
                    those of the data set
2      replayed     a model that the user named gives these numbers again
3      probed       and behaves like a probability distribution where that can be seen from outside
=====  ===========  ==================================================================================================

A certificate is data from a stranger. Nothing that is named in it is imported, run, fetched, or opened by a path.
Levels 2 and 3 need a model of the user's own; without one level 1 is the most.
"""

from __future__ import annotations

import os
from typing import Any

from onebit.errors import NotPreparedError
from onebit.leaderboard import consistency
from onebit.leaderboard.findings import FAILED, PASSED, Checked


def check(
    path: str | os.PathLike[str],
    model: Any = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    probe_images: int = 200,
) -> Checked:
    """Checks a certificate, or a plain report.

    Args:
        path: its JSON file.
        model: the model, if you have it, or where its code is (``"mymodel.py:model"``): it is measured again as the
            report says, and probed. Levels 2 and 3 are reached with it alone.
        data_dir: as in `onebit.load`.
        probe_images: images of each kind that the model is probed with.

    Raises:
        FormatError: the file cannot be read safely, or is no report.
        OSError: the file cannot be read.
        NotPreparedError: a model is to be replayed, and the data set is not on this disk.
    """
    checked = consistency.of_files(path)
    if checked.report is None:
        return checked
    images = consistency.known_images(checked.report, data_dir)
    findings = [*checked.findings, *consistency.with_images(checked.report, images)]
    if model is not None and not any(finding.outcome == FAILED for finding in findings):
        from onebit.evaluation.model_sources import ModelSource
        from onebit.leaderboard import probes, replays

        if isinstance(model, str):
            model = ModelSource.parse(model).load()
        if images is None:
            name = checked.report.dataset["name"]
            raise NotPreparedError(
                f"To replay, {name} has to be on this disk; nothing is fetched. Type: onebit prepare {name}"
            )
        findings += replays.replay(checked.report, model, data_dir=data_dir)
        if findings[-1].outcome == PASSED:  # else it is another model, and says nothing about this certificate
            findings += probes.probe(checked.report, model, count=probe_images, data_dir=data_dir)
    return checked._replace(findings=tuple(findings))
