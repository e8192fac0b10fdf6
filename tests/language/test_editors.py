"""The schema in an editor, as yaml-language-server understands it: keys offered, mistakes marked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.language.file_schemas import accounts_schema, mapping_schema
from tests.language.test_file_schemas import BROKEN, SHIPPED
from tests.support.language_server import Editor, editor_of

MODELINE = "# yaml-language-server: $schema=mapping.schema.json\n"
FILE = f"""\
{MODELINE}source: shop
profile: json
rulez: []
rules:
  - name: paid
    when:
      $.amount:
        {""}
    order: strictly
    start:
      bot_id: 4512
      {""}
tests: []
"""


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """With the schemas next to the files, as `leadbridge new` puts them."""
    folder = tmp_path_factory.mktemp("edited")
    (folder / "mapping.schema.json").write_text(json.dumps(mapping_schema()))
    (folder / "accounts.schema.json").write_text(json.dumps(accounts_schema()))
    with editor_of(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def shop(editor: Editor) -> str:
    return editor.show("shop.yml", FILE)


def test_the_keys_of_a_place_are_offered_with_their_help(editor: Editor, shop: str) -> None:
    offered = editor.completions(shop, 13, 7)
    assert {"subscriber_id", "variables", "forced"} <= offered.keys()
    assert "bot_id" not in offered
    assert "rules" not in offered
    assert "unsubscribed" in offered["forced"]


def test_so_are_operators_and_the_words_that_a_key_takes(editor: Editor, shop: str) -> None:
    assert {"gte", "contains", "exists"} <= editor.completions(shop, 9, 9).keys()
    assert {"strict", "relaxed", "none"} <= editor.completions(shop, 10, 12).keys()


def test_a_key_is_explained_where_the_mouse_rests(editor: Editor, shop: str) -> None:
    assert "whether a start waits for earlier starts of the same recipient" in editor.hover(shop, 10, 6)


def test_mistakes_are_marked_at_their_position(editor: Editor, shop: str) -> None:
    found = editor.mistakes(shop)
    assert "4:1: Property rulez is not allowed." in found
    assert '10:12: Value is not accepted. Valid values: "relaxed", "strict", "none".' in found


def test_the_shipped_files_have_no_mistake(editor: Editor) -> None:
    shown = [editor.show(path.name, MODELINE + path.read_text()) for path in SHIPPED]
    assert [editor.mistakes(uri) for uri in shown] == [[]] * len(SHIPPED)


def test_mistakes_of_shape_in_the_corpus_are_marked(editor: Editor) -> None:
    def schema_of(path: Path) -> str:
        return MODELINE.replace("mapping", "accounts") if path.stem.startswith("accounts-") else MODELINE

    texts = {path.stem: schema_of(path) + path.read_text() for path in BROKEN}
    shown = {stem: editor.show(f"{stem}.yml", text) for stem, text in texts.items()}
    assert [stem for stem, uri in shown.items() if not editor.mistakes(uri)] == []
