"""What public functions make of a first argument that is no frame: a sentence that says what was given and what to do."""

import inspect

import pandas as pd
import pyarrow as pa
import pytest

import crmkit
from crmkit.relationship_types.types import _ALLOWED


def of_a_frame() -> list[str]:
    """Every promised function that takes a frame, and nothing else, first."""
    found = []
    for name in crmkit.PROMISED:
        if name == "show":  # takes values too, and says so in its own words
            continue
        function = getattr(crmkit, name)
        if not inspect.isfunction(function):
            continue
        parameters = list(inspect.signature(function).parameters.values())
        if parameters and parameters[0].annotation is pd.DataFrame:
            found.append(name)
    return found


def called(name: str, given):
    """The function with ``given`` first and something in each other place that must be filled."""
    parameters = list(inspect.signature(getattr(crmkit, name)).parameters.values())[1:]
    return getattr(crmkit, name)(given, **{p.name: 1 for p in parameters if p.default is p.empty})


@pytest.mark.parametrize(
    "given", ["cdnow", None, 5, pa.table({"customer_id": ["a"]})], ids=lambda v: type(v).__name__
)
@pytest.mark.parametrize("name", of_a_frame())
def test_what_is_no_frame_is_refused_in_words(name, given):
    with pytest.raises(crmkit.CrmkitError) as raised:
        called(name, given)
    assert raised.value.code == "not_a_frame"
    assert type(given).__name__ in raised.value.message_en and "pandas" in raised.value.message_zh


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("migration", "Pyramid"),
        ("reallocate", "Pyramid"),
        ("explore_contacts", "ContactResponse"),
        ("explore_relationship_levels", "CustomerBase"),
        ("recommend_level", "CustomerBase"),
    ],
)
def test_what_is_no_result_of_an_earlier_step_is_refused_by_its_name(name, wanted):
    with pytest.raises(crmkit.CrmkitError) as raised:
        called(name, pd.DataFrame({"customer_id": ["a"]}))
    assert raised.value.code == "not_a_kind"
    assert wanted in raised.value.message_en and wanted in raised.value.message_zh


def test_which_wrong_column_is_named_does_not_hang_on_the_order_of_a_set():
    """A set of texts walks in another order in every process."""
    wrong = dict.fromkeys(("customers", "need", "retention_rate", "purchases_per_year"), [-1.0])
    segments = pd.DataFrame({"segment": ["a"], **wrong, "unit_margin": [1.0]})
    with pytest.raises(crmkit.CrmkitError) as raised:
        crmkit.compare_relationship_types(segments)
    assert raised.value.column == next(name for name in _ALLOWED if name in wrong)
