"""The explorer's page: beside its files on a server, or one file with everything inside."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from onebit.__about__ import __version__
from onebit.explorer import bundle
from onebit.explorer.contents import MANIFEST, Contents, manifest_text

_LEVEL = 6  # of gzip; 9 takes six times as long for 3 % less

_POLICY = (
    "default-src 'none'; script-src {script} 'wasm-unsafe-eval'; style-src {style}; img-src {own}data: blob:; "
    "connect-src {connect}; worker-src blob:; base-uri 'none'; form-action 'none'"
)
POLICY = _POLICY.format(script="'self'", style="'self'", own="'self' ", connect="'self'")

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="onebit {version}">
<title>{title}</title>
<link rel="icon" href="data:,">
{style}
</head>
<body>
<div id="onebit-explorer"></div>
<noscript>The explorer draws all images in the browser: it needs JavaScript.</noscript>
<script type="application/json" id="onebit-config">{config}</script>
{blocks}{script}
</body>
</html>
"""


def listed(name: str, version: str, catalog: str | None = None) -> dict[str, Any]:
    """A data set whose files lie in a folder of its name, for the configuration.

    Args:
        name: of the data set.
        version: of the data set.
        catalog: address of the folder with the pages of data sets, relative to the explorer; None where there is none.
    """
    about = f"{catalog}{name}/index.html" if catalog is not None else None
    return {"name": name, "version": version, "manifest": f"{name}/{MANIFEST}", "page": about}


def configuration(
    datasets: Sequence[Mapping[str, Any]],
    *,
    leaderboard: str | None = None,
    rows: Sequence[Sequence[int]] | None = None,
) -> dict[str, Any]:
    """What the page is told.

    Args:
        datasets: what `listed` gives; the first is shown when the page opens.
        leaderboard: address of the leaderboard, relative to the page.
        rows: of the first data set, chosen when the page opens: ascending ``[start, stop]`` pairs; None for no choice.
    """
    first = datasets[0]
    config = {"datasets": list(datasets), "current": first["name"], "leaderboard": leaderboard}
    return config if rows is None else config | {"rows": [list(run) for run in rows]}


def index(config: Mapping[str, Any]) -> bytes:
    """The page beside the bundle and the data sets' folders."""
    return _PAGE.format(
        version=__version__,
        policy=html.escape(POLICY),
        title=_title(config),
        style=f'<link rel="stylesheet" href="{bundle.STYLE}">',
        config=_json(config),
        blocks="",
        script=f'<script src="{bundle.SCRIPT}"></script>',
    ).encode()


def single(found: Contents, rows: Sequence[Sequence[int]] | None = None) -> bytes:
    """One file with the front end and a data set inside. It opens from a disk, and asks for nothing.

    Args:
        found: the data set.
        rows: as in `configuration`.

    Raises:
        BundleMissingError: the front end was not built.
    """
    files = bundle.read()
    # Inside an element they must not end it. In the languages of both files `<\/` is `</` in every string.
    script = files[bundle.SCRIPT].decode().replace("</script", "<\\/script").replace("<!--", "<\\!--")
    style = files[bundle.STYLE].decode().replace("</style", "<\\/style")
    policy = _POLICY.format(script=_hash(script), style=_hash(style), own="", connect="'none'")
    entry = {"name": found.name, "version": found.manifest["version"], "inline": True}
    config = configuration([entry], rows=rows)
    parts = {"manifest": manifest_text(found.manifest), "pixels": found.pixels, "features": found.features}
    blocks = "".join(
        f'<script type="application/octet-stream;base64+gzip" id="onebit-data-{html.escape(found.name)}-{part}">'
        f"{base64.b64encode(gzip.compress(content, _LEVEL, mtime=0)).decode()}</script>\n"
        for part, content in parts.items()
    )
    return _PAGE.format(
        version=__version__,
        policy=html.escape(policy),
        title=_title(config),
        style=f"<style>{style}</style>",
        config=_json(config),
        blocks=blocks,
        script=f"<script>{script}</script>",
    ).encode()


def empty() -> bytes:
    """The page where there is nothing to explore."""
    return _PAGE.format(
        version=__version__,
        policy=html.escape(POLICY),
        title="onebit explorer",
        style="",
        config="{}",
        blocks="<p>No data set was prepared where this site was made, so that there is nothing to explore.</p>",
        script="",
    ).encode()


def _title(config: Mapping[str, Any]) -> str:
    return html.escape(f"{config['current']} · onebit explorer")


def _json(config: Mapping[str, Any]) -> str:
    """JSON inside a script element: nothing in it can end the element."""
    return json.dumps(config).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
