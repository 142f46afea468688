"""The claims of all chapters on one page, taken from the executed pages of the same build.

A ledger leaves its rows in its page as data (ledger.py); Sphinx's record of the pages it has read
keeps them, so that a page that did not change keeps its rows too. Leaves out: judging them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import Any

from docutils import nodes
from jupyter_cache import get_cache
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from minitransformer.book.ledger import CITED, MIME, number, verdict

LOGGER = logging.getLogger(__name__)


class scoreboard(nodes.General, nodes.Element):
    """Where the table of all claims goes once every page has been read."""


class ScoreboardDirective(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["scoreboard"] = True
        return [scoreboard()]


def ledgers(env: BuildEnvironment) -> dict[str, list[dict[str, Any]]]:
    """Page name -> rows of its ledgers."""
    if not hasattr(env, "minitransformer_ledgers"):
        env.minitransformer_ledgers = {}  # type: ignore[attr-defined]
    return env.minitransformer_ledgers  # type: ignore[attr-defined]


def forget_rows(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    ledgers(env).pop(docname, None)


def collect_rows(app: Sphinx, doctree: nodes.document) -> None:
    """Take the rows out of the executed page, as the cache has it."""
    env = app.env
    if not getattr(env, "nb_metadata", {}).get(env.docname, {}).get("exec_data"):
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    record = cache.get_cached_project_nb(env.doc2path(env.docname))
    if record is None:
        raise ExtensionError(f"{env.docname} was run, but is not in the execution cache")
    cells = cache.get_cache_bundle(record.pk).nb.cells  # type: ignore[arg-type]
    bundles = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    rows = [row for bundle in bundles if MIME in bundle for row in bundle[MIME]["rows"]]
    if rows:
        ledgers(env)[env.docname] = rows


def pages_with_scoreboard(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """They are written again in every build: a page beside them may have new numbers."""
    return [name for name, known in env.metadata.items() if "scoreboard" in known]


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Draw the scoreboard, and turn the ledger's reference keys into citations."""
    for node in list(doctree.findall(scoreboard)):
        node.replace_self(nodes.raw("", table(app, docname), format="html"))
    for node in list(doctree.findall(nodes.raw)):
        text = CITED.sub(lambda found: citation(app, docname, found["key"]), node.astext())
        if text != node.astext():
            node.replace_self(nodes.raw("", text, format="html"))


def table(app: Sphinx, docname: str) -> str:
    """One table for all pages, with a link from each claim to its row there."""
    body, total, holding = "", 0, 0
    for page, rows in sorted(ledgers(app.env).items()):
        link = app.builder.get_relative_uri(docname, page)
        title = escape(app.env.titles[page].astext())
        body += f'<tr><th colspan="4" scope="colgroup"><a href="{link}">{title}</a></th></tr>'
        for row in rows:
            total, holding = total + 1, holding + row["holds"]
            body += (
                f'<tr><th scope="row"><a href="{link}#claim-{row["id"]}">{escape(row["claim"])}'
                f"</a></th><td>{number(row['ours'])} {escape(row['unit'])}</td>"
                f"<td>{number(row['control'])}</td><td>{verdict(row)}</td></tr>"
            )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("claim", "ours", "control", "holds"))
    return (
        f'<p>{holding} of {total} claims hold in this build.</p><div class="scoreboard">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def citation(app: Sphinx, docname: str, key: str) -> str:
    """A link to the reference that a claim rests on, as author and year."""
    for known in app.env.get_domain("cite").citations:  # type: ignore[attr-defined]
        if known.key == key:
            page = app.builder.get_relative_uri(docname, known.bibliography_key.docname)
            return f'<a href="{page}#{known.citation_id}">{escape(authors(known.entry))}</a>'
    LOGGER.warning("the ledger cites %s, which no bibliography lists", key, location=docname)
    return key


def authors(entry: Any) -> str:
    """Such as Elhage et al. 2021, from a BibTeX entry."""
    names = [" ".join(person.last_names) for person in entry.persons["author"]]
    many = len(names) > 2 or names[-1] == "others"
    who = f"{names[0]} et al." if many else " and ".join(names)
    return f"{re.sub(r'[{}]', '', who)} {entry.fields['year']}"


def setup(app: Sphinx) -> None:
    app.add_node(scoreboard)
    app.add_directive("scoreboard", ScoreboardDirective)
    app.connect("env-purge-doc", forget_rows)
    app.connect("doctree-read", collect_rows)
    app.connect("env-updated", pages_with_scoreboard)
    app.connect("doctree-resolved", resolve)
