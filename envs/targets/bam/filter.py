"""BAM's filter language: parsing it, and turning it into SQL with parameters. Nothing here opens a database.

The language, in which ``and`` binds tighter than ``or``, words may be of either case, and blanks are free::

    filter     = conditions ["with mature"] | "with mature"
    conditions = comparison | conditions "and" conditions | conditions "or" conditions | "(" conditions ")"
    comparison = attribute (">=" | ">" | "<=" | "<") number      what BAM's own classifier thinks, 0 to 1
               | attribute "=" ("positive" | "negative" | "unsure")

A label is that of the crowd; where the crowd did not judge a picture, that of the later release's automatic labels.
A picture without the score or label in question does not match. ``with mature`` lets in what is flagged as mature.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Literal

from ....errors import InvalidInputError

ATTRIBUTES = (
    "content_bicycle",
    "content_bird",
    "content_building",
    "content_cars",
    "content_cat",
    "content_dog",
    "content_flower",
    "content_people",
    "content_tree",
    "emotion_gloomy",
    "emotion_happy",
    "emotion_peaceful",
    "emotion_scary",
    "media_3d_graphics",
    "media_comic",
    "media_graphite",
    "media_oilpaint",
    "media_pen_ink",
    "media_vectorart",
    "media_watercolor",
)
LABELS = ("positive", "negative", "unsure")

# Python and SQLite both refuse expressions about 1,000 deep.
_MAXIMUM_LENGTH = 4_000
_MAXIMUM_NESTING = 50

_EXAMPLE = "'media_oilpaint>=0.9 and content_people=positive'"
_ORDERS = (">=", ">", "<=", "<")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?!\w))|(?P<word>\w+)|(?P<symbol>>=|<=|[<>=()])|(?P<end>$))",
    re.ASCII,
)


@dataclass(frozen=True)
class Comparison:
    """A score against a number (``>=``, ``>``, ``<=``, ``<``), or a label (``=``) against one of LABELS."""

    attribute: str
    operator: str
    value: float | str

    def __post_init__(self) -> None:
        if self.attribute not in ATTRIBUTES or self.operator not in (*_ORDERS, "="):
            raise ValueError(f"{self.attribute} {self.operator}")  # they become part of SQL


@dataclass(frozen=True)
class Combination:
    """Conditions of which all (``and``) or at least one (``or``) must hold."""

    word: Literal["and", "or"]
    parts: tuple["Condition", ...]


Condition = Comparison | Combination


@dataclass(frozen=True)
class BamFilter:
    """What is wanted of BAM: a condition (None: everything), and whether pictures flagged as mature may be in it."""

    condition: Condition | None = None
    mature: bool = False


def parse_filter(text: str | None) -> BamFilter:
    """Read a filter such as ``"media_oilpaint>=0.9 and content_people=positive"``; None wants everything.

    Raises:
        InvalidInputError: not in the language that the module describes, or an attribute that BAM does not have.
    """
    if text is None:
        return BamFilter()
    if not isinstance(text, str):
        raise InvalidInputError(f"the BAM filter is a {type(text).__name__}, expected a text such as {_EXAMPLE}")
    if len(text) > _MAXIMUM_LENGTH:
        raise InvalidInputError(
            f"the BAM filter has {len(text):,} characters, expected at most {_MAXIMUM_LENGTH:,}; shorten it"
        )
    return _Parser(text).filter()


class _Parser:
    """Recursive descent over the tokens; each of the middle methods reads what it is named after."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text.lower())
        self._position = 0
        self._nesting = 0

    def filter(self) -> BamFilter:
        condition = None if self._word == "with" else self._any()
        mature = self._take("with")
        if mature and not self._take("mature"):
            raise self._wrong("'mature' after 'with'")
        if self._kind != "end":
            raise self._wrong("'and', 'or', 'with mature' or the end")
        return BamFilter(condition, mature)

    def _any(self) -> Condition:
        return self._joined("or", self._all)

    def _all(self) -> Condition:
        return self._joined("and", self._single)

    def _joined(self, word: Literal["and", "or"], part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Combination(word, tuple(parts))

    def _single(self) -> Condition:
        if not self._take("("):
            return self._comparison()
        self._nesting += 1
        if self._nesting > _MAXIMUM_NESTING:
            raise self._wrong(f"at most {_MAXIMUM_NESTING} parentheses in each other")
        inner = self._any()
        if not self._take(")"):
            raise self._wrong("'and', 'or' or ')'")
        self._nesting -= 1
        return inner

    def _comparison(self) -> Comparison:
        attribute = self._attribute()
        if self._take("="):
            if self._word not in LABELS:
                raise self._wrong(f"{', '.join(LABELS)} after '='; scores are compared with >=, >, <= and <")
            return Comparison(attribute, "=", self._next())
        if self._word not in _ORDERS:
            raise self._wrong(f"'>=', '>', '<=', '<' or '=' after {attribute}")
        operator = self._next()
        if self._kind != "number":
            raise self._wrong(f"a number after {operator!r}; labels are compared with =")
        return Comparison(attribute, operator, float(self._next()))

    def _attribute(self) -> str:
        if self._word in ATTRIBUTES:
            return self._next()
        if self._kind != "word" or self._word in ("and", "or", "with"):
            raise self._wrong("one of BAM's attributes, such as media_oilpaint")
        if self._word.startswith("mature"):
            raise self._wrong("'with mature' at the end, to let in what is flagged as mature")
        near = difflib.get_close_matches(self._word, ATTRIBUTES, 3, cutoff=0.5)
        raise self._wrong(f"one of BAM's attributes: {' or '.join(near) if near else ', '.join(ATTRIBUTES)}")

    @property
    def _kind(self) -> str:
        return self._tokens[self._position][0]

    @property
    def _word(self) -> str:
        return self._tokens[self._position][1]

    def _next(self) -> str:
        word = self._word
        self._position += 1
        return word

    def _take(self, word: str) -> bool:
        taken = self._word == word
        self._position += taken
        return taken

    def _split(self, text: str) -> list[tuple[str, str]]:
        """Kind and text of the tokens; the last is of kind "end"."""
        tokens: list[tuple[str, str]] = []
        place = 0
        while not tokens or tokens[-1][0] != "end":
            match = _TOKEN.match(text, place)
            if not match or not match.lastgroup:
                raise InvalidInputError(
                    f"the BAM filter {_shown(self._text)} cannot be read from {text[place:].strip()[:20]!r} on; "
                    f"expected for example {_EXAMPLE}"
                )
            tokens.append((match.lastgroup, match[match.lastgroup]))
            place = match.end()
        return tokens

    def _wrong(self, expected: str) -> InvalidInputError:
        found = "ends" if self._kind == "end" else f"has {_shown(self._word)}"
        return InvalidInputError(
            f"the BAM filter {_shown(self._text)} {found} where it should not; expected {expected}"
        )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else text[:97] + "...")


def condition_sql(condition: Condition, columns: Mapping[str, Set[str]]) -> tuple[str, list[float | str]]:
    """A WHERE clause on the ``mid`` of BAM's table ``modules``, and the values of its parameters.

    Attributes and operators become part of the SQL; what a filter compares them with becomes parameters.

    Args:
        condition: what is wanted.
        columns: the database's tables, and the columns of each.

    Raises:
        InvalidInputError: the database lacks the scores or labels that the condition asks for.
    """
    if isinstance(condition, Combination):
        clauses, values = zip(*(condition_sql(part, columns) for part in condition.parts), strict=True)
        return f"({f' {condition.word.upper()} '.join(clauses)})", [value for part in values for value in part]
    attribute, value = condition.attribute, condition.value
    if condition.operator != "=":
        if not {"mid", attribute} <= columns.get("scores", set()):
            raise InvalidInputError(
                f"the BAM database has no scores of {attribute}; filter by label instead, such as {attribute}=positive"
            )
        where = f"scores.{attribute} {condition.operator} ?"
        return f"modules.mid IN (SELECT scores.mid FROM scores WHERE {where})", [value]
    crowd = {"mid", "attribute", "label"} <= columns.get("crowd_labels", set())
    automatic = {"mid", attribute} <= columns.get("automatic_labels", set())
    judged = "SELECT crowd_labels.mid FROM crowd_labels WHERE crowd_labels.attribute = ?"
    crowd_clause = f"modules.mid IN ({judged} AND crowd_labels.label = ?)"
    automatic_clause = (
        f"modules.mid IN (SELECT automatic_labels.mid FROM automatic_labels WHERE automatic_labels.{attribute} = ?)"
    )
    if crowd and automatic:
        unjudged = f"modules.mid NOT IN ({judged} AND crowd_labels.mid IS NOT NULL)"
        return f"({crowd_clause} OR ({automatic_clause} AND {unjudged}))", [attribute, value, value, attribute]
    if crowd:
        return crowd_clause, [attribute, value]
    if automatic:
        return automatic_clause, [value]
    raise InvalidInputError(
        f"the BAM database has no labels of {attribute}; filter by score instead, such as {attribute}>=0.9"
    )
