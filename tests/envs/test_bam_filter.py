"""BAM's filters: what they say is what SQLite does, and nothing else gets into the SQL."""

import operator
import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paintgym.envs.targets.bam.filter import (
    ATTRIBUTES,
    LABELS,
    BamFilter,
    Combination,
    Comparison,
    Condition,
    condition_sql,
    parse_filter,
)
from paintgym.errors import InvalidInputError

Row = dict[str, dict[str, float | str]]
"""For a table the attributes that have a score or a label there."""

SOME_ATTRIBUTES = ("content_cat", "media_3d_graphics", "media_oilpaint")
SCORES = (0.0, 0.25, 0.5, 0.9, 1.0)
ORDERS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ends where it should not; expected one of BAM's attributes"),
        ("0.9", "has '0.9' where it should not"),
        ("oilpaint>=0.9", "has 'oilpaint' .*: media_oilpaint$"),
        ("media_oilpiant>=0.9", ": media_oilpaint"),
        ("3d_graphics>0.5", ": media_3d_graphics"),
        ("src=positive", "one of BAM's attributes: content_bicycle, content_bird, .*media_watercolor$"),
        ("mature_content=positive", "expected 'with mature' at the end"),
        ("media_comic", "ends .* expected '>=', '>', '<=', '<' or '=' after media_comic"),
        ("media_comic=0.9", "positive, negative, unsure after '='; scores are compared with >="),
        ("media_comic>=positive", "a number after '>='; labels are compared with ="),
        ("media_comic>=nan", "a number after '>='"),
        ("media_comic>=0.9 content_cat=positive", "has 'content_cat' .* expected 'and', 'or'"),
        ("media_comic>=0.9 and", "ends where"),
        ("(media_comic>=0.9", "expected 'and', 'or' or '\\)'"),
        ("media_comic>=0.9 with", "expected 'mature' after 'with'"),
        ("not media_comic>=0.9", "has 'not' where"),
        ("media_comic>=0.9; DROP TABLE modules", "cannot be read from '; drop table modules'"),
        ("media_comic>=0.9 OR 1=1", "has '1' where"),
        ("media_comic=positive' OR '1'='1", "cannot be read from \"'"),
        ("media_comic=positive--", "cannot be read from '--'"),
        ('media_comic=positive" OR ""="', "cannot be read"),
        ("media_comic>=(SELECT 0)", r"a number after '>='"),
        ("modules.mature_content=positive", "cannot be read from '.mature_content"),
        ("media_comic>=0.9 UNION SELECT mid FROM modules", "has 'union' where"),
        ("media_comic/**/>=0.9", r"cannot be read from '/\*\*/"),
        ("media_comic=positive\0", "cannot be read"),
        ("(" * 60 + "media_comic>=0.9" + ")" * 60, "at most 50 parentheses in each other"),
        (" or ".join(["media_comic>=0.9"] * 1_000), "19,996 characters, expected at most 4,000"),
        (7, "the BAM filter is a int"),
    ],
)
def test_bad_filters_are_one_clear_error(text: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        parse_filter(text)
    assert "\n" not in str(caught.value)


def random_rows() -> list[Row]:
    generator = np.random.default_rng(1)

    def some(values: tuple[float | str, ...]) -> dict[str, float | str]:
        return {name: values[generator.integers(len(values))] for name in SOME_ATTRIBUTES if generator.random() < 0.7}

    return [{"scores": some(SCORES), "crowd_labels": some(LABELS), "automatic_labels": some(LABELS)} for _ in range(60)]


ROWS = random_rows()


@pytest.fixture(scope="module", params=[False, True], ids=["first_schema", "later_schema"])
def database(request: pytest.FixtureRequest) -> Iterator[sqlite3.Connection]:
    tables = ["scores"] + ["automatic_labels"] * request.param
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE modules(mid INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE crowd_labels(mid, attribute, label)")
    for table in tables:
        connection.execute(f"CREATE TABLE {table}(mid, {', '.join(ATTRIBUTES)})")
    for mid, entry in enumerate(ROWS):
        connection.execute("INSERT INTO modules VALUES (?)", (mid,))
        for attribute, label in entry["crowd_labels"].items():
            connection.execute("INSERT INTO crowd_labels VALUES (?, ?, ?)", (mid, attribute, label))
        for table in tables:
            names = "".join(f", {name}" for name in entry[table])
            places = ", ?" * len(entry[table])
            connection.execute(f"INSERT INTO {table} (mid{names}) VALUES (?{places})", (mid, *entry[table].values()))
    yield connection
    connection.close()


def chosen(condition: Condition, database: sqlite3.Connection) -> set[int]:
    columns: dict[str, set[str]] = {}
    for (table,) in database.execute("SELECT name FROM sqlite_master").fetchall():
        columns[table] = {name for (name,) in database.execute("SELECT name FROM pragma_table_info(?)", (table,))}
    clause, values = condition_sql(condition, columns)
    return {mid for (mid,) in database.execute(f"SELECT mid FROM modules WHERE {clause}", values)}


def matches(condition: Condition, entry: Row, later: bool) -> bool:
    """The same in plain Python."""
    if isinstance(condition, Combination):
        holds = (matches(part, entry, later) for part in condition.parts)
        return all(holds) if condition.word == "and" else any(holds)
    if condition.operator == "=":
        judged = {**entry["automatic_labels"], **entry["crowd_labels"]} if later else entry["crowd_labels"]
        return judged.get(condition.attribute) == condition.value
    score = entry["scores"].get(condition.attribute)
    return score is not None and ORDERS[condition.operator](score, condition.value)


comparisons = st.one_of(
    st.builds(
        Comparison,
        st.sampled_from(SOME_ATTRIBUTES),
        st.sampled_from(list(ORDERS)),
        st.sampled_from(SCORES) | st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.builds(Comparison, st.sampled_from(SOME_ATTRIBUTES), st.just("="), st.sampled_from(LABELS)),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.builds(
        Combination, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=4).map(tuple)
    ),
    max_leaves=8,
)


@st.composite
def written_filters(draw: st.DrawFn) -> tuple[BamFilter, str]:
    """A filter, and a text that means it."""

    def blank() -> str:
        return draw(st.sampled_from(["", " ", "  ", "\n"]))

    def word(text: str) -> str:
        return draw(st.sampled_from([text, text.upper(), text.capitalize()]))

    def written(condition: Condition) -> str:
        if isinstance(condition, Comparison):
            value = condition.value if condition.operator == "=" else repr(condition.value)
            return f"{word(condition.attribute)}{blank()}{condition.operator}{blank()}{word(str(value))}"
        inner = []
        for part in condition.parts:
            bare = isinstance(part, Comparison) or (condition.word == "or" and part.word == "and")
            enclosed = not bare or draw(st.booleans())
            inner.append(f"({blank()}{written(part)}{blank()})" if enclosed else written(part))
        return f" {word(condition.word)} ".join(inner)

    wanted = BamFilter(draw(conditions), draw(st.booleans()))
    return wanted, f"{blank()}{written(wanted.condition)}{' with mature' if wanted.mature else ''}{blank()}"


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(case=written_filters())
def test_filters_mean_what_they_say(case: tuple[BamFilter, str], database: sqlite3.Connection) -> None:
    wanted, text = case
    parsed = parse_filter(text)
    assert parsed == wanted
    later = bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = 'automatic_labels'").fetchall())
    expected = {mid for mid, entry in enumerate(ROWS) if matches(wanted.condition, entry, later)}
    assert chosen(parsed.condition, database) == expected


def test_the_longest_filters_are_understood(database: sqlite3.Connection) -> None:
    label, score = "media_oilpaint=positive", "media_oilpaint<2"
    assert chosen(parse_filter(" and ".join([label] * 140)).condition, database)
    assert chosen(parse_filter(" or ".join([score] * 190)).condition, database)
    assert chosen(parse_filter("(" * 50 + label + ")" * 50).condition, database)
    assert chosen(parse_filter(" or ".join([f"({score})"] * 100)).condition, database)


def test_nothing_but_bam_s_own_names_gets_into_the_sql(database: sqlite3.Connection) -> None:
    for attribute, order in (("mid); DROP TABLE modules --", "="), ("media_comic", "> 0 OR 1 ="), ("src", "=")):
        with pytest.raises(ValueError, match=attribute.split(")")[0]):
            Comparison(attribute, order, 0.0)
    quoted = Comparison("media_comic", "=", "' OR '1'='1")
    assert chosen(quoted, database) == set()
    clause, values = condition_sql(quoted, {"crowd_labels": {"mid", "attribute", "label"}})
    assert "'" not in clause
    assert values == ["media_comic", "' OR '1'='1"]


def complaint(text: str) -> str:
    try:
        parse_filter(text)
    except InvalidInputError as error:
        return str(error)
    return ""


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(st.sampled_from("media_comic content_cat=positive>=<0.9()andor with mature;'\"-\n\0é"), max_size=40)
)
def test_any_text_is_a_filter_or_one_clear_error(text: str) -> None:
    assert "\n" not in complaint(text)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(case=written_filters(), data=st.data())
def test_a_filter_with_a_slip_is_a_filter_or_one_clear_error(case: tuple[BamFilter, str], data: st.DataObject) -> None:
    text = case[1]
    place = data.draw(st.integers(0, len(text)))
    slip = data.draw(st.text(st.sampled_from("()=<>;'-. \n0ax"), max_size=3))
    assert "\n" not in complaint(text[:place] + slip + text[place + data.draw(st.integers(0, 3)) :])
