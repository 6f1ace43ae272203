"""The page of a data set in the format of TensorFlow Datasets' catalog, to be compared with it or put in its place."""

from __future__ import annotations

from typing import NamedTuple

from onebit.errors import OnebitError
from onebit.site.entries import Entry
from onebit.site.places import existing
from onebit.site.rendering import render
from onebit.site.structured_data import TFDS_PAGES

_REPOSITORY = "https://github.com/tensorflow/datasets/tree/master/"
_KNOW_YOUR_DATA = "https://knowyourdata-tfds.withgoogle.com/"
_PICTURES = "https://storage.googleapis.com/tfds-data/visualization/"


class NoTfdsPageError(OnebitError, ValueError):
    """TFDS does not have the data set, so it has no page of it."""


class Links(NamedTuple):
    """Where the page of TFDS leads."""

    page: str
    visualization: str
    documentation: str
    source: str
    figure: str
    examples: str


def published_links(entry: Entry) -> Links:
    """The addresses as TFDS publishes them."""
    stem = entry.full_name.replace("/", "-")
    return Links(
        page=TFDS_PAGES + entry.name,
        visualization=f"{_KNOW_YOUR_DATA}#tab=STATS&dataset={entry.name}",
        documentation=str(entry.words.get("papers_with_code", "")),
        source=_REPOSITORY + entry.tfds_source_path,
        figure=f"{_PICTURES}fig/{stem}.png",
        examples=f"{_PICTURES}dataframe/{stem}.html",
    )


def moved_links(entry: Entry) -> Links:
    """The same with what leads nowhere any more moved to this site; `Entry.base_url` says where that is."""
    folder = f"{entry.base_url}{entry.name}/"
    page = f"{folder}index.html"
    parts = {
        place.key: f"{entry.base_url}{place.key}/index.html{place.fragment.format(name=entry.name)}"
        for place in existing(entry)
    }
    return published_links(entry)._replace(
        page=page,
        visualization=parts.get("explorer", f"{page}#statistics"),
        documentation=parts.get("leaderboard", f"{page}#lineage"),
        figure=f"{folder}figure.png",
        examples=f"{folder}examples.html",
    )


def tfds_markdown(entry: Entry) -> str:
    """The page as Markdown, line for line as TFDS publishes it.

    Where the entry has a `base_url`, links to what is gone lead to this site.

    Raises:
        NoTfdsPageError: TFDS does not have the data set.
    """
    if entry.tfds_module is None:
        raise NoTfdsPageError(
            f"{entry.name} is not a data set of TFDS: it has no page there. Type: onebit page {entry.name} "
            "--format markdown"
        )
    links = moved_links(entry) if entry.base_url else published_links(entry)
    return render(
        "tfds.md.j2",
        entry=entry,
        links=links,
        split_rows=[(f"`{split.name!r}`", f"{split.num_examples:,}") for split in sorted(entry.splits)],
        meta_description=_meta_description(entry, links),
    )


def _meta_description(entry: Entry, links: Links) -> str:
    split = next(iter(entry.record.splits))
    return f"""{entry.description}

To use this dataset:

```python
import tensorflow_datasets as tfds

ds = tfds.load('{entry.name}', split='{split}')
for ex in ds.take(4):
  print(ex)
```

See [the guide](https://www.tensorflow.org/datasets/overview) for more
informations on [tensorflow_datasets](https://www.tensorflow.org/datasets).

<img src="{links.figure}" alt="Visualization" width="500px">

"""
