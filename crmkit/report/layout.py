"""What stands in which section of the report, in order; whether it is said is for its condition to decide."""

from dataclasses import dataclass

from .describing import SHOWN_PERIODS
from .sentences import SENTENCES


@dataclass(frozen=True)
class Bullets:
    """Sentences as a list of points."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class ShownTable:
    """A table of the study, where it has one; ``latest`` shows its last rows."""

    name: str
    rows: int = 20
    latest: bool = False


@dataclass(frozen=True)
class Drawing:
    """A figure, with the sentence that is its caption and the table that holds what it draws."""

    key: str
    table: str


# of each segment, the one that its own facts bear
SEGMENT_SENTENCES = ("segment_action", "segment_quiet", "segment_away", "segment_none", "segment_few")
VERDICTS = ("pareto_inside", "pareto_near", "pareto_below", "pareto_above")

SECTIONS: dict[str, tuple] = {
    "data": (
        *("rows", "rows_all", "total", "total_nameless", "span_short", "span_half_year", "returns"),
        *("returns_part", "zero", "duplicates", "duplicates_removed", "notes", "set_aside"),
        ShownTable("set_aside_reasons"),
    ),
    "sales": (
        *("sales_missing", "sales_closed", "sales_net_not_positive", "sales_one_period"),
        *("sales_few_periods", "sales_peak", "sales_peak_latest", "sales_level", "sales_between"),
        *("sales_fall", "sales_rise", "sales_steady", "sales_year", "sales_named", "sales_lately"),
        *("sales_new", "sales_mover", "sales_mover_more", "sales_busy_months", "sales_latest_season"),
        *("sales_partial", "sales_begun_late", "sales_season", "sales_repeat", "sales_first_unseen"),
        *("sales_one_intake", "sales_intake_falls", "sales_few_new", "sales_new_stopped"),
        Drawing("sales_figure", "sales"),
        *("sales_returns", "sales_cut"),
        ShownTable("sales", rows=SHOWN_PERIODS, latest=True),
    ),
    "customers": (
        *("no_buyers", "only_returns", "spend", "one_large", "large_silence", "large_silence_more"),
        *("large_silence_rest", "repeat", "repeat_all", "repeat_few", "repeat_none", "gap", "gap_seen"),
        *("came_back", "regular", "regular_some"),
        ShownTable("purchase_days"),
    ),
    "concentration": (
        *("cannot_share", "cannot_few", "concentration_short", "pareto", "pareto_one", *VERDICTS, "even"),
        *("half", "gini", "below_zero", "rough", "pareto_window"),
        Drawing("lorenz_figure", "lorenz"),
    ),
    "pyramid": (
        *("cannot_share", "pyramid", "pyramid_each", "pyramid_regular", "pyramid_cost", "pyramid_few"),
        *("pyramid_level", "pyramid_short"),
        Drawing("pyramid_figure", "tiers"),
        ShownTable("tiers"),
        ShownTable("largest"),
    ),
    "segments": (
        *("segments", "segments_largest", "segments_one", "segments_giant", "segments_few"),
        *("segments_short", "segments_windows", "segments_unnamed", "segments_once", "segments_fresh"),
        "segments_regular",
        ShownTable("segments"),
        Drawing("rfm_figure", "segments"),
        "segment_actions",
    ),
    "reallocation": (
        *("reallocate_unset", "reallocate_no_tiers", "reallocate", "reallocate_uncertain"),
        *("reallocate_none", "reallocate_assumption"),
        ShownTable("reallocation"),
        Drawing("reallocate_figure", "reallocation"),
    ),
    "migration": (
        *("migration", "migration_places", "migration_risen", "migration_new", "migration_chance"),
        *("migration_season", "migration_regular", "migration_short", "migration_few", "migration_half"),
        "migration_cannot",
        Drawing("migration_figure", "migration"),
    ),
    "monday": (
        Bullets(
            (
                *("large_silence", "large_silence_more", "large_silence_rest", "call", "call_surely"),
                *("call_order", "call_long", "call_rest", "call_chance", "call_none", "call_scope"),
                *("call_cannot", "late", "late_none", "own_person", "own_person_one", "know_the_top"),
                *("top_silent", "hangs_on_few", "hangs_silent", "second", "check_customers", "longer"),
                *("test", "test_long", "test_few"),
            )
        ),
        ShownTable("call_list"),
        ShownTable("late"),
    ),
    "methods": (
        *("method_purchase", "method_gini", "method_rfm", "method_call", "method_reallocation"),
        "method_limits",
    ),
    "brief": (
        Bullets(
            (
                *("brief_sales", "brief_nameless", "sales_named", "brief_net", "brief_missing"),
                *("brief_reliable", "brief_reliable_all", "brief_doubts", "brief_fall"),
                *("brief_fall_intake", "brief_rise", "brief_year", "brief_year_rise"),
                *("brief_year_intake", "sales_new_stopped", "brief_mover", "brief_mover_more"),
                *("sales_lately", "sales_new", "sales_closed", "sales_latest_season", "span_short"),
                *("brief_few", "one_large", "large_silence", "large_silence_rest", "pareto"),
                *("pareto_one", *VERDICTS, "even", "hangs_on_few", "hangs_on_an_id", "repeat_none"),
                *("brief_regular", "came_back", "brief_call", "brief_late", "brief_reallocate"),
            )
        ),
    ),
}


def keys_of(part) -> tuple[str, ...]:
    """The sentences that a part of a section may say."""
    if isinstance(part, Bullets):
        return part.keys
    if isinstance(part, Drawing):
        return (part.key,)
    if part == "segment_actions":
        return SEGMENT_SENTENCES
    return (part,) if isinstance(part, str) and part in SENTENCES else ()


def sentences_by_section() -> dict[str, list[str]]:
    """Section → the sentences that it may say, each where it stands first."""
    seen: set[str] = set()
    by_section: dict[str, list[str]] = {}
    for name, parts in SECTIONS.items():
        keys = [key for part in parts for key in keys_of(part)]
        by_section[name] = [key for key in dict.fromkeys(keys) if key not in seen]
        seen |= set(keys)
    return by_section
