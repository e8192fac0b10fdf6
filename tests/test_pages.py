"""Every page is reachable from the README, every link and anchor resolves, every named path exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from bridge.main import leadbridge
from tests.support.codemap import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "benchmarks" / "README.md",
]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_OWNERS = ("mappings/accounts.yml", "mappings/bakery.yml", "benchmarks/.peers")
"""What readers or programs make."""
_PATH = re.compile(r"`((?:bridge|tests|benchmarks|docs|mappings)/[\w./-]*\w)(?:: [\w.]+)?`")


@cache
def text_of(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """What a page links to inside the repository."""
    prose = re.sub(r"`[^`\n]*`", "`code`", text_of(page))
    return [link for link in _LINK.findall(prose) if not re.match(r"\w+:", link)]


@cache
def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: dict[str, int] = {}
    for title in re.findall(r"^#+ +(.+)$", text_of(page), re.MULTILINE):
        bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title.strip()).lower()
        slug = re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
    numbered = {f"{slug}-{n}" for slug, last in found.items() for n in range(1, last + 1)}
    return set(found) | numbered | set(re.findall(r'<a id="([^"]+)">', text_of(page)))


def target(page: Path, link: str) -> tuple[Path, str]:
    path, _, anchor = link.partition("#")
    return ((page.parent / path).resolve() if path else page), anchor


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for link in links(page):
        path, anchor = target(page, link)
        if not path.exists() or (anchor and (path.suffix != ".md" or anchor not in anchors(path))):
            found.append(link)
    return found


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_and_anchor_resolves(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_of_the_repository_that_a_page_names_exists(page: Path) -> None:
    named = {path for path in _PATH.findall(text_of(page)) if not re.search("NAME|NNNN", path)} - {*_OWNERS}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def _named(page: Path) -> list[tuple[str, list[str]]]:
    """The commands that a page names as code, each with its options."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"(?m)(?:`|^    |^\$ )leadbridge ([a-z]+)([^`\n|;(#]*)", text)
    return [(verb, re.findall(r"(?<!\S)--[a-z-]+", rest)) for verb, rest in found]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_option_that_a_page_names_exists(page: Path) -> None:
    unknown = []
    for verb, options in _named(page):
        command = leadbridge.commands.get(verb)
        if command is None:
            unknown.append(verb)
            continue
        made = getattr(command, "commands", {}).values()
        known = {name for one in (command, *made) for option in one.params for name in option.opts}
        unknown += [f"{verb} {option}" for option in options if option not in known | {"--help"}]
    assert unknown == []


def test_every_page_is_reachable_from_the_readme_by_links() -> None:
    reached, queue = {ROOT / "README.md"}, [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        for path in {target(page, link)[0] for link in links(page)} - reached:
            if path.suffix == ".md" and path.is_relative_to(ROOT) and path.exists():
                reached.add(path)
                queue.append(path)
    assert [name_of(page) for page in PAGES if page not in reached] == []


def test_the_readme_lists_every_page_of_docs_with_its_readers() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("| page | for |")[2].split("\n\n")[0]
    listed = {target(ROOT / "README.md", link)[0] for link in _LINK.findall(table)}
    expected = {ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"}
    for page in (ROOT / "docs").rglob("*.md"):
        index = page.with_name("README.md")
        expected.add(index if index.exists() else page)
    assert sorted(map(name_of, expected - listed)) == []
