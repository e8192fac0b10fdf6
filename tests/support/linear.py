"""Proves of a pattern that Python's `re` cannot be made to backtrack over long text.

The proof is narrow on purpose: what it does not understand it does not accept. Of a repeat without a bound

- the body is one set of characters, or begins with characters that nothing inside may be confused with;
- what follows begins with other characters, so that there is one way to match; one exception in a pattern is
  fine where nothing without a bound follows it;
- where the pattern is searched for at every place of a text, nothing follows, so that what was read is
  consumed; or right before it stands one character that it cannot read itself, so that no two tries read the
  same.

Bounded repeats multiply: their ways to match together have a bound, and none within another repeat has two.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple, TypeAlias

Node: TypeAlias = tuple[Any, Any]
Chars: TypeAlias = frozenset[int]

SAMPLE: Chars = frozenset(range(0x500)) | {0x2009, 0x2028, 0x202F, 0x3000, 0x4E00, 0xD800, 0xFEFF, 0x1F600}
"""Characters that stand for all: those that patterns name, and some of every category."""
ALL: Chars = SAMPLE
END: Chars = frozenset({-1})
"""The end of the text, as what follows."""
NOTHING: Chars = frozenset({-2})
"""In place of what follows, where only the sequence itself is asked about: it may be empty."""
SINGLE = (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY)
"""Nodes that take one character."""
Repeat: TypeAlias = tuple[int, int, list[Node]]
"""The least and the most times, and what is repeated."""
BOUND = 300
"""Repeats up to so many count as bounded."""
WAYS = 1_000
"""Ways to match one place of a text that count as a constant factor."""
CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


class AmbiguousError(Exception):
    """The pattern may backtrack; the message says where."""


def fault(pattern: str | bytes, flags: int = 0, *, scanning: bool) -> str:
    """Why the pattern is not proved linear; empty where it is. `scanning`: it is tried at every place."""
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    tree = parser.parse(text, flags)
    proof = Proof(flags=tree.state.flags, scanning=scanning and not from_the_start(tree))
    try:
        proof.sequence(list(tree), END, within=False)
    except AmbiguousError as error:
        return str(error)
    return ""


def from_the_start(tree: Any) -> bool:
    """Whether the pattern fits at the beginning of a text only."""
    first = next(iter(tree), None)
    return first == (op.AT, op.AT_BEGINNING) and not tree.state.flags & re.MULTILINE


class Following(NamedTuple):
    """What comes after a node: its first characters, whether it is there at all, whether it has a bound."""

    chars: Chars
    more: bool
    unbounded: bool


@dataclass(slots=True)
class Proof:
    """Of one pattern."""

    flags: int
    scanning: bool
    excepted: bool = False
    """One ambiguous repeat was met."""
    ways: int = 1
    """How often one place of a text may be read, by the bounded repeats met so far."""

    def sequence(
        self, nodes: Sequence[Node], after: Chars, *, within: bool, before: Chars = ALL, more: bool = False
    ) -> None:
        """Nodes in a row.

        `after` is what may follow them, `more` whether something does, `before` what precedes them; `within`
        says that a repeat holds them.
        """
        for place, node in enumerate(nodes):
            rest = list(nodes[place + 1 :])
            follows = Following(self.first(rest, after), more or bool(rest), holds_unbounded(rest))
            self.node(node, follows, before, within=within)
            before = self.chars(*node) if node[0] in SINGLE else ALL

    def node(self, node: Node, follows: Following, before: Chars, *, within: bool) -> None:
        kind, value = node
        after, more = follows.chars, follows.more
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, body = value
            if most > BOUND or (most > 1 and holds_unbounded(list(body))):
                self.unbounded(list(body), follows, before, within=within)
            else:
                self.bounded((least, most, list(body)), follows, before, within=within)
        elif kind is op.SUBPATTERN:
            self.sequence(list(value[-1]), after, within=within, before=before, more=more)
        elif kind is op.BRANCH:
            firsts = [self.first(list(one), after) for one in value[1]]
            if within and any(a & b for n, a in enumerate(firsts) for b in firsts[n + 1 :]):
                raise AmbiguousError("alternatives within a repeat begin alike")
            excepted = [self.excepted]
            for one in value[1]:
                self.excepted = excepted[0]
                self.sequence(list(one), after, within=within, before=before, more=more)
                excepted.append(self.excepted)
            self.excepted = any(excepted)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            if holds_unbounded(list(value[1])):
                raise AmbiguousError("a look-around without a bound")
        elif kind not in (*SINGLE, op.AT):
            raise AmbiguousError(f"{kind} is not understood")

    def bounded(self, repeat: Repeat, follows: Following, before: Chars, *, within: bool) -> None:
        """Its ways to match multiply with those of the others where it may end at several places."""
        least, most, body = repeat
        first = self.first(body, NOTHING)
        repeats = most > 1 and not (len(body) == 1 and body[0][0] in SINGLE)
        if repeats and first & NOTHING:
            raise AmbiguousError("a repeat of nothing")
        if first & follows.chars:
            self.ways *= most - least + 1
            if self.ways > WAYS or (within and most > least):
                raise AmbiguousError("bounded repeats have too many ways to match together")
        again = first - NOTHING if most > 1 else frozenset()
        self.sequence(body, follows.chars | again, within=within or repeats, before=before, more=follows.more)

    def unbounded(self, body: Sequence[Node], follows: Following, before: Chars, *, within: bool) -> None:
        first = self.first(body, NOTHING)
        is_set = len(body) == 1 and body[0][0] in SINGLE
        if first & NOTHING or not body:
            raise AmbiguousError("a repeat of nothing")
        if self.scanning and follows.more and not (is_set and not first & before):
            raise AmbiguousError("a repeat without a bound is followed by something")
        if not is_set:
            self.sequence(body, follows.chars | first, within=True, more=True)
        if first & follows.chars:
            if self.excepted or within or follows.unbounded:
                raise AmbiguousError("what follows a repeat may begin as the repeat goes on")
            self.excepted = True

    def first(self, nodes: Sequence[Node], after: Chars) -> Chars:
        """What a sequence may begin with, `after` where it may be empty."""
        found: Chars = frozenset()
        for kind, value in nodes:
            begins, may_be_empty = self.begins(kind, value)
            found |= begins
            if not may_be_empty:
                return found
        return found | after

    def begins(self, kind: Any, value: Any) -> tuple[Chars, bool]:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            begins = self.first(list(value[2]), NOTHING)
            return begins - NOTHING, value[0] == 0 or bool(begins & NOTHING)
        if kind is op.SUBPATTERN:
            begins = self.first(list(value[-1]), NOTHING)
            return begins - NOTHING, bool(begins & NOTHING)
        if kind is op.BRANCH:
            begins = frozenset().union(*(self.first(list(one), NOTHING) for one in value[1]))
            return begins - NOTHING, bool(begins & NOTHING)
        if kind is op.AT:
            return (END, True) if value in (op.AT_END, op.AT_END_STRING) else (frozenset(), True)
        if kind in (op.ASSERT, op.ASSERT_NOT):
            return frozenset(), True
        return self.chars(kind, value), False

    def chars(self, kind: Any, value: Any) -> Chars:
        """The characters of the sample that one node takes."""
        if kind is op.ANY:
            return SAMPLE if self.flags & re.DOTALL else SAMPLE - {10}
        if kind is op.LITERAL:
            return self.folded(frozenset({value}))
        if kind is op.NOT_LITERAL:
            return SAMPLE - self.folded(frozenset({value}))
        if kind is not op.IN:
            raise AmbiguousError(f"{kind} is not understood")
        found: Chars = frozenset()
        for part, inner in value:
            if part is op.LITERAL:
                found |= {inner}
            elif part is op.RANGE:
                found |= {code for code in SAMPLE if inner[0] <= code <= inner[1]} | {inner[0]}
            elif part is op.CATEGORY:
                known = re.compile(CATEGORIES[inner], self.flags & re.ASCII)
                found |= {code for code in SAMPLE if known.match(chr(code))}
        found = self.folded(found)
        return SAMPLE - found if value[0][0] is op.NEGATE else found

    def folded(self, chars: Chars) -> Chars:
        if not self.flags & re.IGNORECASE:
            return chars
        return chars | {ord(x) for c in chars for x in (chr(c).lower(), chr(c).upper()) if len(x) == 1}


def holds_unbounded(nodes: Sequence[Node]) -> bool:
    """Whether there is a repeat without a bound anywhere below."""
    for kind, value in nodes:
        inner: list[Any] = []
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            if value[1] > BOUND:
                return True
            inner = [value[2]]
        elif kind is op.SUBPATTERN:
            inner = [value[-1]]
        elif kind is op.BRANCH:
            inner = list(value[1])
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            inner = [value[1]]
        if any(holds_unbounded(list(one)) for one in inner):
            return True
    return False


assert sys.version_info >= (3, 11), "re._parser is where patterns are read since 3.11"
