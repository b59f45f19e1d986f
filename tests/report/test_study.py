"""The report says only what the data bear: what a reader of real files found wrong, each on the file that showed it."""

import dataclasses

import companies
import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit import Assumptions, CrmkitError, check_transactions, study_client
from crmkit.core.glossary import term_pair
from crmkit.intake.judge import REASONS
from crmkit.report.conditions import may_say
from crmkit.report.layout import SECTIONS
from crmkit.report.listing import LEAST_INTERVALS, row_facts, silence_chance
from crmkit.report.sentences import Sentence
from crmkit.report.study import _Making


@pytest.fixture(autouse=True)
def english():
    crmkit.set_language("en")
    yield
    crmkit.set_language("both")


def texts(study, section: str) -> str:
    shown = [part for part in study.section(section) if isinstance(part, Sentence)]
    return "\n".join(finding["en"] for part in shown for finding in part.findings)


# ---- time


def test_five_days_say_nothing_of_return_silence_tiers_and_segments(studies):
    said = set(studies["five_days"].said())
    assert said >= {"span_short", "longer", "segments_short", "concentration_short", "pyramid_short"}
    assert not said & {
        "segments",
        "pyramid",
        "gap",
        "regular",
        "call",
        "call_none",
        "came_back",
        "second",
        "pareto",
    }
    assert not {"segments", "tiers", "call_list", "lorenz"} & set(studies["five_days"].tables)
    assert "hibernating" not in texts(studies["five_days"], "segments").lower()


def test_the_second_purchase_is_spoken_of_only_of_customers_who_had_the_time_for_it(studies):
    facts = studies["cdnow_sample"].facts
    customers = studies["cdnow_sample"].customers
    followed = customers[customers["T"] >= facts["follow_days"]]
    assert facts["follow_days"] >= 2 * facts["gap"] and facts["followed"] == len(followed)
    assert facts["once_share"] == pytest.approx((followed["frequency"] == 0).mean())
    assert studies["cdnow_sample"].may_say("second")
    for name in ("once_each", "contracts", "five_days", "even", "thirty_customers"):
        assert not studies[name].may_say("second"), name


def test_a_table_cut_to_24_periods_says_so_and_no_other_does(studies):
    cut = studies["long_file"]
    assert cut.facts["periods"] == 50 and cut.may_say("sales_cut") and len(cut.tables["sales"]) == 50
    assert not studies["concentrated"].may_say("sales_cut")
    assert "latest 24 periods; all 50" in texts(cut, "sales")


def test_a_period_that_is_not_over_is_in_no_comparison():
    rows = [
        (f"c{i}", f"2024-{month:02}-{day:02}", 10.0)
        for i in range(5)
        for month in range(1, 9)
        for day in (2, 28)
    ]
    study = study_client(companies.log([*rows, ("c1", "2024-09-02", 1.0)]))
    assert study.facts["partial"] == 1 and study.facts["full_periods"] == 8
    assert str(study.facts["last_full"]) == "2024-08" and study.facts["lowest_revenue"] == 100


# ---- names and figures


def test_the_gap_is_the_middle_of_the_customers_own_means_and_named_so(studies):
    customers = studies["concentrated"].customers
    repeat = customers[customers["frequency"] > 0]
    assert studies["concentrated"].facts["gap"] == round((repeat["t_x"] / repeat["frequency"]).median())
    said = texts(studies["concentrated"], "customers")
    assert (
        "the average interval between purchases; the median of these, " in said
        and "**usual interval**" in said
    )


def test_one_thing_has_one_figure_in_summary_text_and_tables(studies):
    for study in studies.values():
        numbers = study.numbers()
        of_file = numbers[
            ~numbers["finding"].isin(
                ["segment_action", "segment_quiet", "segment_away", "segment_none", "segment_few"]
            )
        ]
        assert of_file.groupby("figure")["number"].nunique().max() == 1
    for name in ("concentrated", "cdnow_sample", "industrial_group", "double_11_shop"):
        study = studies[name]
        tiers, measures = study.tables["tiers"], study.tables["concentration"].set_index("measure")
        assert study.facts["share_top"] == measures.loc["pareto_share", "estimate"]
        assert study.facts["top_two_share"] == pytest.approx(tiers["revenue_share"].iloc[:2].sum())
        if (
            study.facts["top_customers"] == tiers["customers"].iloc[:3].sum()
        ):  # no equal customers at the border
            assert study.facts["share_top"] == pytest.approx(tiers["revenue_share"].iloc[:3].sum())


def test_every_figure_of_the_summary_stands_in_the_body_or_its_tables(studies):
    for study in studies.values():
        body = {value for name in SECTIONS if name != "brief" for value in figures(study, name)}
        assert figures(study, "brief") <= body | {study.facts["total"], float(study.facts["rows_used"])}


def figures(study, section: str) -> set:
    shown = [part for part in study.section(section) if isinstance(part, Sentence)]
    return {value for part in shown for finding in part.findings for value in finding["figures"].values()}


# ---- tiers


def test_where_revenue_is_even_nobody_is_platinum(studies):
    for name in ("even", "half_even", "contracts_that_last"):
        study = studies[name]
        if study.facts["top_times"] < 1.75:
            assert "tiers" not in study.tables and not study.may_say("own_person")
            assert not study.may_say("know_the_top") and "platinum" not in texts(study, "monday")
    assert studies["even"].facts["top_times"] < 1.5 and studies["even"].may_say("even")
    assert 1.5 <= studies["half_even"].facts["top_times"] < 1.75 and not studies["half_even"].may_say("even")


def test_the_shares_of_the_tiers_are_called_a_convention_and_no_finding(studies):
    said = texts(studies["concentrated"], "pyramid")
    assert "that is a convention and no finding" in said
    assert "pyramid" not in {
        finding["key"] for part in studies["concentrated"].section("brief") for finding in part.findings
    }


def test_few_customers_get_a_list_and_no_shares(studies):
    study = studies["thirty_customers"]
    assert study.may_say("cannot_few") and study.may_say("pyramid_few")
    assert list(study.tables["largest"]["revenue"]) == sorted(study.customers["revenue"], reverse=True)[:20]


# ---- assumptions


def test_what_rests_on_assumptions_waits_for_the_company(studies):
    unset, given = studies["concentrated"], studies["concentrated, assumed"]
    assert (
        unset.may_say("reallocate_unset")
        and "change" not in unset.facts
        and "reallocation" not in unset.tables
    )
    assert given.may_say("reallocate") and given.may_say("brief_reallocate")
    assert "Under the assumptions that you set" in texts(given, "brief")
    assert studies["concentrated, vaguely assumed"].may_say("reallocate_uncertain")
    assert not studies["concentrated, vaguely assumed"].may_say("brief_reallocate")
    assert not studies["even, assumed"].may_say("reallocate"), "no tiers to move a budget between"


@pytest.mark.parametrize("left_out", ["margin_rate", "budget_rate", "elasticity", "elasticity_sd"])
def test_an_assumption_left_out_leaves_the_whole_calculation_out(left_out):
    given = {"margin_rate": 0.4, "budget_rate": 0.05, "elasticity": 0.1, "elasticity_sd": 0.02}
    assert Assumptions(**given).complete
    assert not Assumptions(**{**given, left_out: 0.0}).complete


def test_a_supposition_changes_no_report(studies):
    study = studies["concentrated"]
    supposed = study.suppose(assumed=companies.ASSUMED)
    assert supposed["change"] == pytest.approx(studies["concentrated, assumed"].facts["change"])
    assert "change" not in study.facts and study.suppose(assumed=Assumptions()) == {}


# ---- silence


@pytest.mark.parametrize(("intervals", "chance"), [(1, 1 / 4), (2, 0.16), (3, 1 / 8), (5, (5 / 8) ** 5)])
def test_three_intervals_of_silence_have_the_chance_of_an_estimated_pace(intervals, chance):
    """(1 + 3/x)^−x: 25 % after one interval, 16 % after two, 12.5 % after three; e⁻³ only for a pace known exactly."""
    assert silence_chance(intervals, intervals, 3) == pytest.approx(chance)
    assert silence_chance(10**6, 10**6, 3) == pytest.approx(np.exp(-3), rel=1e-4)


@pytest.mark.parametrize("intervals", [5, 8, 20])
def test_of_customers_who_stay_five_in_a_hundred_are_listed(intervals):
    """Each with a pace of their own; the next interval is silent beyond the border with the chance that is stated."""
    rng = np.random.default_rng(3)
    pace = rng.gamma(2, 10, 40_000)
    known = rng.exponential(pace[:, None], (40_000, intervals)).sum(axis=1)
    silence = rng.exponential(pace)
    listed = (silence_chance(intervals, known, silence) < 0.05).mean()
    assert listed == pytest.approx(0.05, abs=0.004)
    by_three_intervals = (silence > 3 * known / intervals).mean()
    assert by_three_intervals > 0.06, "the rule of three intervals lists more than it says"


def test_nobody_is_judged_on_fewer_than_five_intervals(studies):
    for name, study in studies.items():
        if "call_list" in study.tables:
            assert (study.tables["call_list"]["purchases"] > LEAST_INTERVALS).all(), name
            assert (study.tables["call_list"]["silence_chance"] < 0.05).all(), name


def test_a_list_says_how_many_stand_on_it_by_chance(studies):
    study = studies["cdnow_sample"]
    assert study.may_say("call") and study.facts["by_chance"] == round(0.05 * study.facts["looked_at"])
    assert "would be listed by chance" in texts(study, "monday")
    assert studies["chance_silences"].may_say("call_chance")
    assert "how sales as a whole are going" in texts(studies["chance_silences"], "monday")


def test_a_silence_beyond_all_chance_is_told_from_one_that_may_be_chance(studies):
    """Of twelve firms one is listed, as chance would have it; but after 400 days it is no chance."""
    lost, chance = studies["one_firm_lost"], studies["chance_silences"]
    assert lost.facts["silent"] == lost.facts["silent_surely"] == lost.facts["by_chance"] == 1
    assert lost.may_say("call_surely") and "chance would not give even one" in texts(lost, "monday")
    assert chance.facts["silent"] >= 1 and not chance.may_say("call_surely")


def test_contracts_are_no_shoppers(studies):
    study = studies["contracts"]
    assert study.may_say("regular") and study.may_say("late") and not study.may_say("segments")
    assert not study.may_say("call") and not study.may_say("call_cannot") and not study.may_say("migration")
    stopped = study.tables["late"]
    assert (stopped["days_since_last"] > 1.4 * stopped["usual_interval"]).all() and len(stopped) > 30
    assert studies["contracts_that_last"].may_say("late_none")


# ---- whom to reach


def test_contact_columns_are_carried_through_to_every_list(studies):
    study = studies["thirty_customers"]
    for name in ("largest", "call_list", "customers"):
        table = study.tables[name]
        assert list(table["phone"]) == ["139" + customer[1:] for customer in table["customer_id"]], name
        assert list(table["customer_name"]) == [f"Firm {customer}" for customer in table["customer_id"]]
        assert table["email"].str.endswith("@example.com").all()


def test_the_contact_last_given_is_the_one_in_the_list():
    rows = [("a", "2024-01-01", 5.0, "old"), ("a", "2024-03-01", 5.0, "new"), ("a", "2024-04-01", 5.0, "")]
    study = study_client(
        companies.log([*rows, ("b", "2024-02-01", 1.0, "")], ("customer_id", "date", "amount", "phone"))
    )
    assert study.tables["customers"].set_index("customer_id")["phone"].to_dict()["a"] == "new"


# ---- the study itself


def test_sections_withheld_and_said_are_all_the_sentences_there_are(studies):
    for study in studies.values():
        withheld = study.withheld()
        assert not set(withheld["finding"]) & set(study.said())
        assert withheld["condition"].str.len().min() > 5
        assert (
            not withheld["sentence"].str.contains(r"[{}]|\*\*").any()
            and withheld["sentence"].str.len().min() > 5
        )


def test_a_frame_is_studied_as_the_file_is():
    frame = companies.company(companies.fifty_customers)
    of_frame, of_file = study_client(frame), study_client(crmkit.check_transactions(frame))
    assert of_frame.facts == of_file.facts


def test_rows_after_the_day_asked_for_do_not_count():
    frame = companies.company(companies.fifty_customers)
    study = study_client(frame, as_of="2023-12-31")
    assert study.facts["rows_set_aside"] == (frame["date"] > "2023-12-31").sum()
    assert study.facts["total"] == pytest.approx(frame.loc[frame["date"] <= "2023-12-31", "amount"].sum())


def test_the_last_day_is_that_of_the_check_unless_another_is_given():
    frame = companies.company(companies.fifty_customers)
    last = frame["date"].max().normalize()
    later, latest = (str((last + pd.Timedelta(days=days)).date()) for days in (1, 8))
    checked = crmkit.check_transactions(frame, as_of=later)
    seen = study_client(frame).facts["span_days"]
    assert study_client(checked).facts == study_client(frame, as_of=later).facts
    assert study_client(checked).facts["span_days"] == seen + 1
    assert study_client(checked, as_of=latest).facts["span_days"] == seen + 8
    with pytest.raises(CrmkitError, match="subtraction"):
        study_client(checked, as_of=2024 - 12 - 31)


def test_errors_name_what_was_wrong(tmp_path):
    with pytest.raises(CrmkitError, match="chance"):
        study_client(companies.company(companies.one_day), chance=2)
    with pytest.raises(CrmkitError, match="margin_rate"):
        Assumptions(margin_rate=40)
    with pytest.raises(CrmkitError):
        study_client(pd.DataFrame({"customer_id": ["a"], "amount": [1.0]}))
    with pytest.raises(CrmkitError, match="sections?|name"):
        study_client(companies.company(companies.one_day)).section("profit")


def test_what_the_door_has_noted_stands_in_the_report():
    checked = crmkit.check_transactions(companies.company(companies.fifty_customers))
    note = {
        "code": "x",
        "rows": 3,
        "effect": None,
        "message_zh": "三行是运费。",
        "message_en": "Three rows are shipping.",
    }
    study = study_client(dataclasses.replace(checked, notes=(note,)))
    assert "Three rows are shipping." in texts(study, "data")


# ---- the course of sales, as a consultant met it in real exports


def test_a_hole_in_the_export_is_the_first_thing_said_of_sales(studies):
    study = studies["with_a_hole"]
    assert str(study.facts["gap_from"].date())[:7] == "2023-05" and study.facts["gap_days"] > 290
    assert texts(study, "sales").startswith("**From ") and study.may_say("brief_missing")


def test_a_shop_that_rests_now_and_then_has_no_hole(studies):
    assert not studies["slow"].may_say("sales_missing") and not studies["contracts"].may_say("sales_missing")


def test_a_month_paid_on_the_fifth_is_whole_though_nothing_comes_before():
    days = [pd.Timestamp(2024, month, 5) for month in range(1, 9)]
    rows = [(f"c{i}", day, 29.0 if day.month > 1 else 40.0) for i in range(40) for day in days]
    study = study_client(check_transactions(pd.DataFrame(rows, columns=["customer_id", "date", "amount"])))
    assert str(study.facts["best"]) == "2024-01" and study.facts["begun_late"] == 0


def test_sales_that_fall_and_customers_that_no_longer_come_are_said(studies):
    study = studies["fading"]
    said = texts(study, "sales")
    assert "New customers have almost ceased" in said and "whole periods brought" in said
    assert 0 < study.facts["late_times"] < 0.75 and study.facts["came_after"] >= 3
    assert studies["growing"].may_say("sales_rise") and not studies["growing"].may_say("sales_fall")


def test_no_manager_reads_a_fixed_set_of_customers_as_a_business_that_shrinks(studies):
    """Whatever is longer, the fall of a cohort stays the fall of a cohort, and no season."""
    for name in ("cdnow_sample", "first_comers"):
        study, said = studies[name], texts(studies[name], "brief")
        assert study.may_say("sales_one_intake")
        assert "a fixed set of customers, so this does not show the business shrinking" in said, name
        assert not study.may_say("brief_fall") and not study.may_say("brief_year"), name
        assert "season" not in said, name
    assert studies["fading"].may_say("brief_fall") and not studies["fading"].may_say("brief_fall_intake")
    assert studies["one_firm_lost"].may_say("brief_year")


def test_where_two_years_can_be_compared_no_third_is_compared_with_a_third(studies):
    """The double_11_shop's May to December against its January to August is 1.5 times,
    and most of that is the season.
    """
    study = studies["double_11_shop"]
    assert study.facts["late_times"] >= 1.33 and study.facts["season_low"] >= 0.35
    assert study.may_say("sales_year") and not study.may_say("sales_rise")
    assert studies["growing"].may_say("sales_rise") and not studies["growing"].may_say("sales_year")


def test_every_file_compares_equal_months_or_says_that_it_cannot(studies):
    for name, study in studies.items():
        if study.facts["full_periods"] >= 6 and study.facts["span_days"] >= 90 and study.facts["total"] > 0:
            said = [study.may_say(key) for key in ("sales_year", "sales_season", "sales_steady")]
            assert sum(said) == 1, name


def test_whether_the_first_in_the_file_was_the_first_of_all_is_left_open(studies):
    assert "if some customers had bought before" in texts(studies["cdnow_sample"], "sales")


def test_too_few_is_said_of_few_and_of_no_others(studies):
    seen = set()
    for study in studies.values():
        for row in study.tables["segments"].itertuples() if "segments" in study.tables else ():
            facts = study.facts | row_facts(row, gap=study.facts["gap"])
            assert may_say("segment_few", facts) == (row.customers < 10 and row.segment != "no_segment")
            seen.add(row.customers < 10)
    assert seen == {True, False}


def test_fewer_places_at_the_top_are_no_customers_lost(studies):
    """CDNOW: whoever is in the top tiers of the first half, most must leave them, for fewer buy in the second."""
    study = studies["cdnow_sample"]
    facts = study.facts
    assert (
        study.may_say("migration_places") and facts["must_leave"] == facts["top_before"] - facts["top_after"]
    )
    assert facts["top_before"] - facts["stayed"] >= facts["must_leave"] > 0
    assert not studies["double_11_shop"].may_say("migration_places")


def test_what_a_contract_paid_is_said_to_be_how_long_it_lasted(studies):
    study = studies["telecom"]
    assert study.may_say("pyramid") and study.may_say("pyramid_regular")
    assert not study.may_say("know_the_top") and not study.may_say("own_person")
    assert not studies["concentrated"].may_say("pyramid_regular")


def test_a_few_who_pay_every_month_make_no_file_of_contracts(studies):
    """A charity: thirty monthly givers, and two hundred who give in winter and are told apart from them."""
    study = studies["charity"]
    assert study.may_say("regular_some") and not study.may_say("regular")
    assert study.facts["regular_share"] >= 0.6 and study.facts["regular_payers_share"] < 0.2
    assert not studies["contracts"].may_say("regular_some") and studies["contracts"].may_say("regular")
    assert not studies["cdnow_sample"].may_say("regular_some")


def test_new_customers_who_stop_coming_are_missed_within_weeks(studies):
    study = studies["takeaway"]
    first = study.customers["first_purchase"]
    assert study.may_say("sales_new_stopped") and study.facts["newest_days"] >= 20
    window = pd.Timedelta(days=study.facts["newest_days"])
    assert study.facts["new_before"] == (first > first.max() - window).sum() > 50
    assert str(study.tables["sales"]["period"].iloc[0]).count("-") > 2, "four months are told by the week"
    for name in ("four_months", "double_11_shop", "five_days"):
        assert not studies[name].may_say("sales_new_stopped"), name


def test_one_customer_who_is_a_third_of_revenue_is_named_however_short_the_file(studies):
    study = studies["new_shop"]
    assert study.may_say("span_short") and study.facts["first_customer"] == "BIGSTORE"
    assert "One customer brought 33.3% of revenue" in texts(study, "brief")
    others = study.customers[study.customers["customer_id"] != "BIGSTORE"]
    assert study.facts["others_mean"] == pytest.approx(others["revenue"].mean())
    assert not studies["five_days"].may_say("one_large") and not studies["staff_card"].may_say("one_large")
    for name in ("cdnow_sample", "industrial_group", "one_firm_lost"):
        study = studies[name]
        share = study.customers["revenue"].max() / study.customers["revenue"].sum()
        assert study.facts["first_customer_share"] == pytest.approx(share), name
        assert study.may_say("one_large") == (share >= 0.2), name


def test_no_fact_of_one_step_is_overwritten_by_another():
    making = _Making(check_transactions(companies.company(companies.concentrated)), None, Assumptions())
    making._state({"largest_share": 0.2})
    making._state({"largest_share": 0.2})
    with pytest.raises(ValueError, match="largest_share"):
        making._state({"largest_share": 0.3})


def test_the_top_tiers_are_asked_where_they_are_before_they_are_served(studies):
    study = studies["double_11_shop"]
    tiers = study.tables["customers"].set_index("customer_id")["tier"]
    seen = study.tables["call_list"]["customer_id"]
    at_the_top = tiers[seen].isin(["platinum", "gold"]).sum()
    assert study.may_say("top_silent") and study.facts["top_two_silent"] >= at_the_top > 0
    assert not studies["chance_silences"].may_say("top_silent")


def test_a_payment_that_is_late_is_told_from_a_contract_that_has_ended(studies):
    study = studies["contracts"]
    late = study.tables["late"]
    recent = (late["days_since_last"] < 3 * late["usual_interval"]).sum()
    assert study.facts["late_recent"] == pytest.approx(recent, abs=1)  # the table's intervals are rounded
    assert study.facts["late_recent"] < study.facts["late_customers"] / 2


def test_a_group_that_has_been_away_is_not_said_to_be_buying(studies):
    for study in studies.values():
        for row in study.tables["segments"].itertuples() if "segments" in study.tables else ():
            facts = study.facts | row_facts(row, gap=study.facts["gap"])
            if row.days_since_last > 3 * study.facts["gap"]:
                assert not may_say("segment_action", facts)


def test_each_reason_for_setting_aside_has_words_and_its_money(studies):
    reasons = studies["messy"].tables["set_aside_reasons"]
    assert dict(zip(reasons["reason"], reasons["amount"])) == {
        "total_row": 99.0,
        "missing_customer": 5.0,
        "bad_date": 5.0,
    }
    assert all(term_pair(reason).zh != reason for reason in REASONS)


# ---- one large customer


def test_the_largest_customer_who_is_silent_as_never_before_is_the_first_thing_on_monday(studies):
    """A clock-like buyer is silent long before chance at a random pace would call it unusual."""
    study = studies["two_giants"]
    own = companies.company(companies.two_giants).query("customer_id == 'BIG1'")["date"].sort_values()
    silence = (study.facts["as_of"] - own.max()).days
    assert study.facts["silent_days"] == silence > 1.25 * own.diff().dt.days.max()
    assert study.facts["silent_longest"] == own.diff().dt.days.max() and study.facts["large_silent"] == 2
    assert texts(study, "monday").startswith("**BIG1 \\(Firm BIG1\\) (60.0% of revenue) has bought nothing")
    assert "has bought nothing for" in texts(study, "brief")
    for name in ("new_shop", "contracts", "chance_silences"):
        assert not studies[name].may_say("large_silence"), name


def test_what_the_others_brought_in_the_last_two_months_leaves_the_silent_customer_out(studies):
    rows = companies.company(companies.two_giants)
    facts = studies["two_giants"].facts
    others = rows[rows["customer_id"] != "BIG1"]
    by_month = others.groupby(others["date"].dt.to_period("M"))["amount"].sum()
    assert facts["rest_last"] == pytest.approx(by_month[facts["last_full"]])
    assert facts["rest_before"] == pytest.approx(by_month[facts["before_full"]])


def test_where_one_customer_is_a_quarter_of_revenue_eighty_twenty_is_asked_of_the_others(studies):
    study = studies["two_giants"]
    revenue = study.customers["revenue"].clip(lower=0).sort_values(ascending=False).iloc[1:]
    assert study.facts["others_top_share"] == pytest.approx(revenue.head(61).sum() / revenue.sum())
    said = texts(study, "concentration") + texts(study, "brief") + texts(study, "methods")
    assert "interval:" not in said and "80%" not in said and "Gini" not in said
    assert "lorenz" not in study.tables and not study.may_say("own_person")
    assert "alone brings 60.0% of revenue and is worth a contact person" in texts(study, "monday")
    assert not studies["concentrated"].may_say("pareto_one") and studies["concentrated"].may_say("pareto")


def test_a_segment_is_told_without_the_customer_who_is_most_of_it(studies):
    study = studies["two_giants"]
    named = study.tables["customers"].set_index("customer_id")["segment"]
    own = study.customers[study.customers["customer_id"].map(named) == named["BIG1"]]
    rest = own.loc[own["customer_id"] != "BIG1", "revenue"].sum()
    assert study.facts["first_segment_rest"] == pytest.approx(rest)


def test_a_customer_is_called_by_id_and_name_where_the_file_has_names(studies):
    assert studies["two_giants"].facts["first_customer"] == "BIG1 (Firm BIG1)"
    assert studies["new_shop"].facts["first_customer"] == "BIGSTORE"


def test_what_one_customer_lost_is_no_more_than_the_whole(studies):
    alone, among = studies["one_firm_lost"], studies["one_firm_lost_among_many_that_shrink"]
    assert alone.facts["mover_share"] > 1 and alone.may_say("brief_mover_more")
    assert "100" not in texts(alone, "brief").split("less:")[0].split("That is")[1]
    assert alone.facts["mover_change"] - alone.facts["others_change"] == pytest.approx(
        alone.facts["year_change"]
    )
    assert among.may_say("brief_mover") and not among.may_say("brief_mover_more")
    assert " to 0, a change of" in texts(alone, "sales"), "nothing is 0, and not 0.00"


# ---- seasons


def test_a_business_that_is_closed_each_winter_lacks_no_export(studies):
    study = studies["closed_in_winter"]
    assert study.facts["closed_times"] == 3 and not study.may_say("brief_missing")
    assert "a season in which the business is closed, and nothing is missing; please confirm" in texts(
        study, "brief"
    )
    assert studies["with_a_hole"].may_say("sales_missing") and not studies["with_a_hole"].may_say(
        "sales_closed"
    )


def test_intervals_and_silences_are_counted_in_the_days_on_which_the_business_is_open(studies):
    study = studies["closed_in_winter"]
    rows = companies.company(companies.closed_in_winter)
    days = pd.Series(sorted(rows["date"].unique()))
    gaps = days.diff().dt.days
    shut = gaps[gaps > 200] - 1
    customer = study.customers.query("frequency >= 3").iloc[0]
    own = rows.loc[rows["customer_id"] == customer["customer_id"], "date"]
    between = sum(n for place, n in shut.items() if own.min() < days[place] <= own.max())
    assert customer["t_x"] == (own.max() - own.min()).days - between
    assert study.facts["gap"] < 110 < (own.max() - own.min()).days


def test_a_season_that_has_begun_is_compared_with_the_same_days_a_year_before(studies):
    study = studies["closed_in_winter"]
    rows, facts = companies.company(companies.closed_in_winter), study.facts
    since, until = facts["season_since"], facts["season_until"]
    assert until == facts["as_of"] and since == pd.Timestamp("2025-03-01")
    year = pd.DateOffset(years=1)
    ago = rows[rows["date"].between(since - year, until - year)]
    assert facts["season_ago"] == pytest.approx(ago["amount"].sum())
    assert facts["season_buyers_ago"] == ago["customer_id"].nunique()
    assert "same days a year before" in texts(study, "brief")
    over = studies["garden_shop"].facts
    assert (over["season_until"] - over["season_since"]).days == 90, "a season that is over is compared whole"


# ---- names of segments


def test_no_segment_has_a_name_that_its_days_or_purchases_contradict(studies):
    seen = set()
    for name, study in studies.items():
        if "segments" not in study.tables:
            continue
        customers, gap = study.tables["customers"], study.facts["gap"]
        for segment, own in customers.groupby("segment"):
            silence = round(own["days_since_last"].median()) / gap
            seen.add(segment)
            if segment in ("loyal", "cant_lose", "at_risk"):
                assert own["purchases"].median() > 2, name
            if segment in ("champions", "loyal", "new_customers", "big_basket", "potential_loyal"):
                assert silence <= 3, name
            if segment in ("hibernating", "lost", "cant_lose", "at_risk"):
                assert silence >= 2, name
            if segment == "about_to_sleep":  # nobody is about to who has long been away
                assert 2 <= silence <= 3, name
    assert {"no_segment", "loyal", "lost"} <= seen
    assert studies["nobody_comes_any_more"].may_say("segments_unnamed")
    assert "segments" not in studies["nobody_comes_any_more"].tables


def test_a_drink_at_the_bar_makes_no_member_an_irregular_payer(studies):
    study = studies["sports_club"]
    assert study.may_say("regular") and study.facts["regular_share"] > 0.9
    late = study.tables["late"]
    assert late["days_since_last"].is_monotonic_increasing and late["usual_interval"].between(28, 32).all()
    rows = companies.company(companies.sports_club)
    fees = rows[rows["amount"] > 10].groupby("customer_id")["date"].max()
    assert (fees[late["customer_id"]].to_numpy() == late["last_purchase"].to_numpy()).all()


# ---- lists and columns


def test_the_call_list_begins_with_those_likeliest_to_come_back_and_holds_all(studies):
    study = studies["many_return"]
    table, facts = study.tables["call_list"], study.facts
    gone = table["days_since_last"] > 365
    times = table["days_since_last"] / table["usual_interval"]
    assert gone.is_monotonic_increasing and gone.sum() == facts["call_long"] > 0
    for part in (times[~gone], times[gone]):
        assert (part.diff().dropna() > -0.5).all()  # the table's intervals are rounded
    assert len(table) == facts["silent"] and (table["surely_silent"] == "★").sum() == facts["silent_surely"]
    long = studies["cdnow_sample"]
    assert long.may_say("call_rest") and len(long.tables["call_list"]) == long.facts["silent"] > 20


def test_each_period_has_its_customers_and_those_who_bought_for_the_first_time(studies):
    study = studies["doubling"]
    sales, rows = study.tables["sales"].set_index("period"), companies.company(companies.doubling)
    march = rows[rows["date"].dt.to_period("M") == "2024-03"]
    assert sales.at["2024-03", "customers_bought"] == march["customer_id"].nunique()
    assert sales.at["2024-03", "first_time_customers"] == int(6 * 1.35**14)
    assert sales["first_time_customers"].sum() == study.facts["buyers"]


def test_growth_without_a_step_back_is_no_season_and_stands_in_the_brief(studies):
    study = studies["doubling"]
    assert study.may_say("sales_steady") and not study.may_say("sales_season")
    said = texts(study, "brief")
    assert "times the first" in said and "bought for the first time in March 2024" in said
    assert not studies["growing"].may_say("sales_steady") and studies["fading"].may_say("sales_season")


def test_how_many_still_come_is_told_beside_a_year_before(studies):
    study = studies["many_return"]
    rows, end = companies.company(companies.many_return), study.facts["as_of"]
    bought = rows[rows["amount"] >= 0]

    def within_180_days(day):
        return bought[bought["date"].between(day - pd.Timedelta(days=179), day)]["customer_id"].nunique()

    assert study.facts["bought_lately"] == within_180_days(end)
    assert study.facts["bought_lately_ago"] == within_180_days(end - pd.Timedelta(days=365))
    assert study.may_say("sales_lately") and not studies["doubling"].may_say("sales_lately")


def test_the_usual_interval_is_that_of_customers_seen_for_half_a_year(studies):
    study = studies["doubling"]
    repeat = study.customers[study.customers["frequency"] > 0]
    seen = repeat[repeat["T"] >= 180]
    assert study.facts["gap"] == round((seen["t_x"] / seen["frequency"]).median())
    assert study.facts["gap_left_out"] == len(repeat) - len(seen) > 0 and study.may_say("gap_seen")
    assert not studies["cdnow_sample"].may_say("gap_seen")


def test_of_few_customers_the_latest_year_stands_beside_the_one_before(studies):
    table = studies["one_firm_lost"].tables["largest"].set_index("customer_id")
    rows = companies.company(companies.one_firm_lost)
    days = (rows["date"].max() - rows["date"]).dt.days
    latest = rows[days < 365].groupby("customer_id")["amount"].sum()
    before = rows[(days >= 365) & (days < 730)].groupby("customer_id")["amount"].sum()
    assert table.at["F05", "latest_year"] == pytest.approx(latest["F05"])
    assert table.at["F05", "year_change"] == pytest.approx(latest["F05"] / before["F05"] - 1)
    assert table.at["F00", "latest_year"] < table.at["F00", "earlier_year"]
    assert "latest_year" not in studies["messy"].tables["largest"]


def test_why_the_halves_are_not_compared_is_said(studies):
    reasons = {
        "contracts": "migration_regular",
        "five_days": "migration_short",
        "one_firm_lost": "migration_few",
        "fading": "migration_half",
        "even": "migration_cannot",
    }
    for name, reason in reasons.items():
        said = {key for key in studies[name].said() if key.startswith("migration")}
        assert said == {reason}, name


def test_returns_are_told_against_sales(studies):
    study = studies["many_return"]
    amounts = companies.company(companies.many_return)["amount"]
    share = -amounts[amounts < 0].sum() / amounts[amounts > 0].sum()
    assert study.facts["returns_share"] == pytest.approx(share) and study.may_say("returns_part")
    assert not studies["concentrated"].may_say("returns_part")


def test_whoever_was_there_before_the_file_may_be_new_only_in_the_file(studies):
    for name in ("five_days", "four_months"):
        assert studies[name].may_say("sales_first_unseen"), name
    for name, study in studies.items():
        assert not (study.may_say("sales_first_unseen") and study.may_say("sales_repeat")), name
