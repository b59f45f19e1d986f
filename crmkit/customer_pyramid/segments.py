"""RFM scores and named segments (F13): the rules are readable predicates that cover every case exactly once."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError, NearestName
from crmkit.core.intervals import Numbers
from crmkit.core.schema import refuse_rows, require_columns, require_whole

_SCORES = {"R": "recency_score", "F": "frequency_score", "M": "monetary_score"}
# score -> column of the customer summary, and whether a small number is the good one
_SCORED = {
    "recency_score": ("days_since_last", True),
    "frequency_score": ("frequency", False),
    "monetary_score": ("revenue", False),
}
_COMPARISONS = {
    ast.GtE: np.greater_equal,
    ast.Gt: np.greater,
    ast.LtE: np.less_equal,
    ast.Lt: np.less,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


@dataclass(frozen=True)
class SegmentRule:
    """A segment's slug (a term of the catalogue) and when a customer belongs to it.

    The condition compares the scores R, F and M with whole numbers, joined by ``and``, ``or``, ``not`` and brackets;
    ``"otherwise"`` takes whoever is left. The first rule that holds wins. Errors: CrmkitError for any other text.

    >>> SegmentRule("champions", "R >= 4 and F >= 4").holds(R=5, F=3, M=5).item()
    False
    """

    slug: str
    condition: str

    def __post_init__(self):
        self.holds(
            R=1, F=1, M=1
        )  # a condition that cannot be read is refused here, not at the first customer

    def holds(self, *, R: float | Numbers, F: float | Numbers, M: float | Numbers) -> np.ndarray:
        """Whether the condition holds, for numbers or for arrays of scores."""
        scores = {"R": np.asarray(R), "F": np.asarray(F), "M": np.asarray(M)}
        if self.condition.strip() == "otherwise":
            return np.ones_like(scores["R"], dtype=bool)
        try:
            return _truth(ast.parse(self.condition.strip(), mode="eval").body, scores)
        except (SyntaxError, KeyError, RecursionError, OverflowError, ValueError) as error:
            raise CrmkitError("segment_condition", value=self.condition, slug=self.slug) from error


def _truth(node, scores):
    """The truth of a parsed condition; anything but comparisons of scores and whole numbers is a ValueError."""
    match node:
        case ast.BoolOp(op=op, values=parts):
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return join.reduce([_truth(part, scores) for part in parts])
        case ast.UnaryOp(op=ast.Not(), operand=part):
            return np.logical_not(_truth(part, scores))
        case ast.Compare(left=left, ops=ops, comparators=rest):
            sides = [_number(side, scores) for side in (left, *rest)]
            steps = [_COMPARISONS[type(op)](a, b) for op, a, b in zip(ops, sides, sides[1:])]
            return np.logical_and.reduce(steps)
    raise ValueError(ast.dump(node))


def _number(node, scores):
    match node:
        case ast.Name(id=name):
            return scores[name]
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            return np.full_like(scores["R"], number)
    raise ValueError(ast.dump(node))


# ordered: the first that holds wins. The names are common in the field; the borders, for five bins, are ours to edit
SEGMENT_RULES = (
    SegmentRule("champions", "R == 5 and F >= 4 and M >= 4"),
    SegmentRule("cant_lose", "R <= 2 and F >= 4 and M >= 4"),
    SegmentRule("loyal", "R >= 3 and F >= 4"),
    SegmentRule("at_risk", "R <= 2 and F >= 3"),
    SegmentRule("big_basket", "R >= 3 and M >= 4"),
    SegmentRule("potential_loyal", "R >= 4 and F >= 2"),
    SegmentRule("new_customers", "R >= 4"),
    SegmentRule("need_attention", "R == 3 and F >= 2"),
    SegmentRule("about_to_sleep", "R == 3"),
    SegmentRule("hibernating", "R == 2 or F == 2 or M >= 3"),
    SegmentRule("lost", "otherwise"),
)


@dataclass(frozen=True, kw_only=True)
class RuleCheck(NearestName):
    """Every combination of scores with the segment that it falls into, and what is wrong with the rules."""

    combinations: pd.DataFrame  # R, F, M, segment (missing where no rule holds)
    uncovered: pd.DataFrame  # R, F, M of the combinations that no rule covers
    unreachable: tuple[str, ...]  # slugs of rules that never apply: impossible, or earlier rules take all

    @property
    def complete(self) -> bool:
        """True when every combination has a segment and every rule has a combination."""
        return self.uncovered.empty and not self.unreachable


def rfm_scores(customers: pd.DataFrame, *, bins: int = 5) -> pd.DataFrame:
    """Recency, frequency and monetary value as scores from 1 to ``bins``, ``bins`` the best.

    In: ``customer_id``, ``days_since_last`` (days), ``frequency`` (repeat purchases), ``revenue`` (currency), as
    ``customer_summary`` gives them. Out: ``customer_id``, ``recency_score``, ``frequency_score``, ``monetary_score``.
    A score s says that at least (s − 1) / bins of the customers are strictly worse. So ties share a score, a column in
    which all are equal scores 1 throughout, and a table of few customers skips scores in place of making them up. A
    customer who never bought (days_since_last missing) ranks as the longest ago. Quantile scoring after Hughes 1994.
    Errors: CrmkitError for missing columns or values, no customers, ``bins`` outside 2 … 10.

    >>> import pandas as pd
    >>> few = pd.DataFrame({"customer_id": list("abcd"), "days_since_last": [3, 40, 40, 90],
    ...                     "frequency": [5, 0, 0, 0], "revenue": [90.0, 20, 10, 30]})
    >>> rfm_scores(few, bins=4).iloc[:, 1:].values.tolist()
    [[4, 4, 4], [2, 1, 2], [2, 1, 1], [1, 1, 3]]
    """
    require_columns(
        customers, ["customer_id", *(column for column, _ in _SCORED.values())], what="rfm_scores"
    )
    bins = require_whole(bins, 2, 10, name="bins")
    if customers.empty:
        raise CrmkitError("no_values", name="customers")
    scores = {"customer_id": customers["customer_id"].to_numpy()}
    for score, (column, small_is_good) in _SCORED.items():
        worth = -customers[column].astype(float) if small_is_good else customers[column].astype(float)
        if small_is_good:
            worth = worth.fillna(-np.inf)
        elif not np.isfinite(worth).all():
            raise CrmkitError("values_not_finite", name=column, value=int((~np.isfinite(worth)).sum()))
        worse = np.searchsorted(np.sort(worth.to_numpy()), worth.to_numpy(), side="left")
        scores[score] = 1 + bins * worse // len(customers)
    return pd.DataFrame(scores).astype({"customer_id": customers["customer_id"].dtype})


def name_segments(
    scores: pd.DataFrame, *, rules: Sequence[SegmentRule] | None = None, bins: int = 5
) -> pd.DataFrame:
    """The scores with the segment that each customer falls into: the first rule that holds.

    In: what ``rfm_scores`` gives, with the same ``bins``; ``rules``, ``SEGMENT_RULES`` if not given. Out: the same and
    ``segment``, a slug whose names are in the catalogue. Errors: CrmkitError for rules that leave a combination
    uncovered (``check_rules`` shows which), scores outside 1 … bins.

    >>> import pandas as pd
    >>> one = pd.DataFrame({"customer_id": ["a"], "recency_score": [5], "frequency_score": [5], "monetary_score": [4]})
    >>> name_segments(one)["segment"].tolist()
    ['champions']
    """
    rules = SEGMENT_RULES if rules is None else rules
    require_columns(scores, ["customer_id", *_SCORES.values()], what="name_segments")
    uncovered = check_rules(rules, bins=bins).uncovered
    if len(uncovered):
        first = ", ".join("R={} F={} M={}".format(*row) for row in uncovered.head(3).itertuples(index=False))
        raise CrmkitError("segments_uncovered", value=first, count=len(uncovered))
    for column in _SCORES.values():
        wrong = ~scores[column].isin(range(1, bins + 1)).to_numpy()
        refuse_rows(wrong, "out_of_range", scores[column], name=column, low=1, high=bins)
    given = {letter: scores[column].to_numpy() for letter, column in _SCORES.items()}
    slugs = np.array([rule.slug for rule in rules])[_first_that_holds(rules, given)]
    return scores.assign(segment=pd.Series(slugs, index=scores.index, dtype="str"))


def check_rules(rules: Sequence[SegmentRule], *, bins: int = 5) -> RuleCheck:
    """Try the rules on every combination of scores: which are uncovered, and which rules can never apply.

    >>> check_rules([SegmentRule("loyal", "F >= 4"), SegmentRule("champions", "R == 5 and F == 5")]).unreachable
    ('champions',)
    """
    bins = require_whole(bins, 2, 10, name="bins")
    every = pd.DataFrame(list(product(range(1, bins + 1), repeat=3)), columns=list(_SCORES))
    first = _first_that_holds(rules, {letter: every[letter].to_numpy() for letter in _SCORES})
    every["segment"] = pd.Series([rules[at].slug if at >= 0 else None for at in first], dtype="str")
    return RuleCheck(
        combinations=every,
        uncovered=every.loc[every["segment"].isna(), list(_SCORES)].reset_index(drop=True),
        unreachable=tuple(rule.slug for position, rule in enumerate(rules) if position not in first),
    )


def _first_that_holds(rules, scores) -> np.ndarray:
    """The position of the first rule that holds, −1 where none does."""
    first = np.full(len(scores["R"]), -1)
    for position, rule in enumerate(rules):
        first[rule.holds(**scores) & (first < 0)] = position
    return first
