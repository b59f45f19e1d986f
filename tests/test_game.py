"""The game of PDCA on the simulated market: its rules, its steps, what it measures and what it never shows."""

import dataclasses
import types
from dataclasses import fields, replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import crmkit
from crmkit import terms
from crmkit.language import get_language
from crmkit.market import (
    LEVELS, Campaign, Decision, Game, Ledgers, Market, Outcome, Scenario, Segment, Trial, View, best_decision,
    carried_on, play, resized, scenario, scenarios, score_table,
)
from crmkit.market.customer_accounts import KPIS, customer_kpi, on_file, run_quarter
from crmkit.market.game import STEPS, Setup, changes
from crmkit.market.ledgers import COLUMNS
from crmkit.market.rules import HISTORY, QUARTER, equity, facts, opened, outcome, quarterly, variant, view
from crmkit.market.scenario import PARAMETERS
from crmkit.schema import CrmkitError

NAMES = scenarios()["name"].tolist()
BUSY = Decision(
    relationship={"all": "reactive", "gold": "proactive"}, contact_policy="by_value", contacts={"iron": 1.0},
    financial={"all": 0.02, "platinum": 0.05}, social={"iron": 0.5}, structural={"platinum": 1.0},
    care={"gold": 500.0, "iron": 100.0}, service_quality=0.7, complaint_handling=0.9, acquisition_budget=2000.0,
    price=0.97, campaigns=(Campaign(name="spring", discount=0.1, control_share=0.3, newcomer_discount=0.2),))


def begun(name: str = "household_hotline", **changed) -> Game:
    return Game(name, **{"seed": 3, "customers": 200, "quarters": 2, **changed})


def turn(game: Game, decision: Decision, *, act: str = "standardise", **changed) -> pd.DataFrame:
    """A quarter's four steps; the check."""
    now = game.quarter
    game.plan(decision, quarter=now, **{"hypothesis": "they forget us", "target": 30.0, **changed})
    game.do(quarter=now)
    found = game.check(quarter=now)
    game.act(act, quarter=now, next_question="and then?")
    return found


def refused(code: str, call, *args, **kwargs) -> CrmkitError:
    with pytest.raises(CrmkitError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, caught.value
    return caught.value


def same(one: Ledgers, other: Ledgers) -> None:
    for ledger in COLUMNS:
        pd.testing.assert_frame_equal(getattr(one, ledger), getattr(other, ledger), check_exact=True)


@pytest.fixture
def language():
    """Sets the language, and puts it back."""
    before = get_language()
    yield crmkit.set_language
    crmkit.set_language(before)


@pytest.fixture(scope="module")
def over() -> Game:
    """A game played to the end: a change kept, one given up."""
    game = begun(player="王小明")
    turn(game, replace(game.standard, service_quality=0.7, contacts={"families": 0.8}))
    turn(game, replace(game.standard, price=1.2), act="abandon")
    return game


# ---- the order of the steps ----------------------------------------------------------------------------------------


def test_every_step_but_the_one_whose_turn_it_is_is_refused_and_changes_nothing():
    game, calls = begun(quarters=2), {
        "plan": lambda g, q: g.plan(BUSY, quarter=q, hypothesis="h", target=1.0),
        "do": lambda g, q: g.do(quarter=q), "check": lambda g, q: g.check(quarter=q),
        "act": lambda g, q: g.act("adjust", quarter=q)}
    for quarter in (1, 2):
        for step in STEPS:
            assert (game.quarter, game.next_step) == (quarter, step)
            before = vars(game).copy()
            for later in range(2):
                for other in STEPS:
                    place = later * 4 + STEPS.index(other)
                    if quarter + later <= 2 and place > STEPS.index(step):
                        error = refused("game_order", calls[other], game, quarter + later)
                        assert f"{step} {quarter}" in str(error)
            refused("out_of_range", calls[step], game, 0)
            refused("out_of_range", calls[step], game, 3)
            for odd in ("1", 1.0, True, None, [1]):
                refused("market_whole", calls[step], game, odd)
            assert {k: v for k, v in vars(game).items() if before[k] is not v} == {}
            calls[step](game, np.int64(quarter))  # any whole number will do
    assert game.next_step is None and game.quarter == 2
    refused("out_of_range", calls["plan"], game, 3)


def test_a_step_taken_already_gives_the_same_answer_with_the_same_words_and_with_others_nothing_is_lost(over):
    game = begun(player="王小明")
    first = replace(game.standard, service_quality=0.7, contacts={"families": 0.8})
    for _ in range(2):  # a notebook run twice from its top
        game.plan(first, quarter=1, hypothesis="they forget us", target=30)
        books = game.do(quarter=1)
        found = game.check(quarter=1)
        game.act("standardise", quarter=1, next_question="and then?")
    assert len(game.moves) == 4
    same(books, game.do(quarter=1))
    pd.testing.assert_frame_equal(found, over.check(quarter=1), check_exact=True)
    moves, books = list(game.moves), game.ledgers
    for wrong in ({"hypothesis": "another"}, {"target": 31}, {"control_share": 0.4}):
        refused("game_played", game.plan, first, **{"quarter": 1, "hypothesis": "they forget us", "target": 30} | wrong)
    refused("game_played", game.plan, BUSY, quarter=1, hypothesis="they forget us", target=30)
    refused("game_played", game.act, "abandon", quarter=1, next_question="and then?")
    assert game.moves == moves
    same(game.ledgers, books)
    turn(game, replace(game.standard, price=1.2), act="abandon")
    same(game.ledgers, over.ledgers)


def test_a_step_that_is_refused_leaves_the_game_where_it_was():
    game = begun()
    for code, wrong in {
        "market_decision": {"decision": {"price": 1}}, "not_a_choice": {"decision": Decision(social={"nobody": 1.0})},
        "out_of_range": {"target": "30"}, "pdca_groups": {"control_share": 0.0}, "game_not_plain": {"target": np.nan},
        "pdca_field": {"hypothesis": 3}, "game_too_long": {"hypothesis": "久" * 4000},
        "game_campaigns": {"decision": Decision(campaigns=tuple(Campaign(name=f"c{k}") for k in range(13)))},
        "game_trial": {"decision": Decision(trial=Trial(standard=Decision(), held_out=()))},
    }.items():
        refused(code, game.plan, **{"decision": BUSY, "quarter": 1, "hypothesis": "h", "target": 1.0} | wrong)
    refused("game_not_plain", game.plan, BUSY, quarter=1, hypothesis="\ud800", target=1.0)
    assert game.moves == [] and game.next_step == "plan"
    game.plan(BUSY, quarter=1, hypothesis="", target=1.0, control_share=0.5)
    game.do(quarter=1)
    game.check(quarter=1)
    refused("not_a_choice", game.act, "wait", quarter=1)
    refused("pdca_field", game.act, "adjust", quarter=1, next_question=7)
    assert game.next_step == "act"


@pytest.mark.parametrize("wrong, code", [
    ({"scenario_name": "nowhere"}, "not_a_choice"), ({"scenario_name": ["telecom"]}, "not_a_choice"),
    ({"seed": -1}, "game_seed"), ({"seed": 1e30}, "game_seed"), ({"seed": True}, "game_seed"),
    ({"seed": "7"}, "game_seed"), ({"seed": 2**63}, "game_seed"), ({"level": "heroic"}, "not_a_choice"),
    ({"level": ["hard"]}, "not_a_choice"),
    ({"quarters": True}, "market_whole"), ({"quarters": 0}, "out_of_range"), ({"quarters": 41}, "out_of_range"),
    ({"quarters": 2.0}, "market_whole"), ({"customers": 99}, "out_of_range"), ({"customers": 10**400}, "out_of_range"),
    ({"customers": "200"}, "market_whole"), ({"kpi": "happiness"}, "not_a_choice"), ({"kpi": {}}, "not_a_choice"),
    ({"player": 7}, "game_player"), ({"player": "\ud800"}, "game_not_plain"),
    ({"scenario_name": "telecom", "kpi": "purchases"}, "not_a_choice"),  # everybody has three bills a quarter
])
def test_a_game_that_cannot_be_is_refused_by_name(wrong, code):
    name = wrong.pop("scenario_name", "household_hotline")
    refused(code, begun, name, **wrong)


def test_whole_numbers_of_numpy_begin_the_same_game():
    assert begun(seed=np.int64(3), customers=np.int32(200)).setup == begun().setup


# ---- what the steps mean -------------------------------------------------------------------------------------------


def test_the_customers_on_file_are_parted_by_lot_within_segments_and_live_as_the_plan_says():
    game = begun("double_11_shop", customers=400)
    today = game.ledgers.customers
    game.plan(BUSY, quarter=1, hypothesis="h", target=1.0, control_share=0.3)
    cycle = game.book.now
    parted = pd.Series({**dict.fromkeys(cycle.test, 0.0), **dict.fromkeys(cycle.control, 1.0)})
    filed = today["customer_id"][on_file(game.ledgers, trade=scenario("double_11_shop"), month=HISTORY)]
    assert sorted(parted.index) == filed.tolist() and len(cycle.control) == pytest.approx(0.3 * len(parted), abs=1)
    of = parted.groupby(today.set_index("customer_id")["segment"]).agg(["sum", "size"])
    assert (abs(of["sum"] - 0.3 * of["size"]) <= 1).all() and len(of) == 2
    firm, twin = (game.setup.opened() for _ in range(2))
    books = game.do(quarter=1)
    trial = Trial(standard=firm.scenario.status_quo, held_out=cycle.control)
    same(books, firm.step(replace(BUSY, trial=trial), months=3))
    assert not books.transactions.equals(twin.step(BUSY, months=3).transactions)
    assert books.contacts.loc[books.contacts["programme"] == "spring", "customer_id"].isin(cycle.control).sum() == 0


def test_only_what_is_standardised_becomes_the_standard_and_the_next_quarter_begins_from_it(over):
    first = over.moves[0]["decision"]
    assert over.standard == Decision.from_record(first)
    one, two = over.book.cycles[:2]
    assert (one.decision, two.decision) == ("standardise", "abandon") and two.baseline == one.result
    assert over.book.now.baseline == two.control_result and two.question == "and then?"
    assert two.method == "price: 1 → 1.2" and "service_quality: 0.4 → 0.7" in one.method
    assert [day.isoformat() for day in (one.starts, one.ends, two.ends)] == ["2025-01-01", "2025-03-31", "2025-06-30"]


def test_the_log_is_the_record_of_the_cycles_with_the_profit_of_the_accounts(over):
    log, table = over.log(), over.book.table().head(2)
    assert log["quarter"].tolist() == [1, 2]
    for column in ("method", "hypothesis", "uplift", "uplift_low", "attainment", "recommendation", "decision", "cost"):
        pd.testing.assert_series_equal(log[column], table[column])
    accounts = over.ledgers.accounts.iloc[HISTORY:]
    for column, of in (("profit", "profit"), ("cost", "programme_cost")):
        assert log[column].tolist() == pytest.approx([accounts[of][:3].sum(), accounts[of][3:].sum()])


@pytest.mark.parametrize("frame", ["log", "check", "score"])
def test_tables_of_the_game_are_headed_and_worded_in_both_languages(over, frame, monkeypatch, language):
    if frame == "score":
        monkeypatch.setattr(Setup, "benchmarks", lambda self, progress=None: ({
            "do_nothing": carried_on(self.opened(), self.opened().scenario.status_quo, quarters=2),
            "truth_search": carried_on(self.opened(), BUSY, quarters=2)}, BUSY))
    table = {"log": over.log, "check": lambda: over.check(quarter=1), "score": lambda: over.score().table}[frame]()
    monkeypatch.setattr(over, "_score", None)
    shown = crmkit.show(table)
    with_words = {"log": ["attainment", "recommendation", "decision"], "check": ["measure"], "score": ["firm"]}[frame]
    for lang in ("zh", "en"):
        language(lang)
        text = str(shown)
        for slug in [*table, *(v for column in with_words for v in table[column].dropna())]:
            assert terms.has_term(slug) and crmkit.term(slug) in text, (lang, slug)


def test_the_sheet_is_the_indicator_sheet_of_the_ledgers(over):
    books = over.ledgers
    want = crmkit.indicators(books.transactions, as_of="2025-06-30", log_starts="2024-01-01", top_score=10,
                             satisfaction=books.surveys.rename(columns={"satisfaction": "score"}))
    pd.testing.assert_frame_equal(over.sheet().sheet, want.sheet)
    sales = books.transactions.groupby(books.transactions["date"].dt.to_period("Q"))["amount"].sum()
    assert over.sheet().sheet["sales"].tolist() == pytest.approx(sales.tolist(), abs=0.01)
    assert over.sheet().sheet["complete"].all() and len(sales) == 6


def test_a_phase_of_the_control_chart_begins_where_a_standard_was_set_and_nowhere_else():
    game = begun(quarters=4)
    assert game.chart().points["phase"].tolist() == [0] * HISTORY
    for act, quality in (("adjust", 0.5), ("standardise", 0.6), ("abandon", 0.7), ("standardise", 0.8)):
        turn(game, replace(game.standard, service_quality=quality), act=act)
    points = game.chart("revenue").points
    assert points["phase"].tolist() == [0] * (HISTORY + 6) + [1] * 6   # the last has no month yet
    assert points["kpi_value"].tolist() == game.ledgers.accounts["revenue"].tolist()
    assert points.loc[points["phase"] == 1, "period"].iloc[0] == "2025-07"
    refused("not_a_choice", game.chart, "month")


def test_the_accounts_by_quarter_leave_out_the_history_and_a_quarter_that_is_not_over():
    months = pd.Series(range(HISTORY + 7))
    assert quarterly(months).to_dict() == {1: 12 + 13 + 14, 2: 15 + 16 + 17}
    assert quarterly(months[:5]).empty and quarterly(months[:HISTORY + 2]).empty


# ---- the KPIs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_contributions_of_all_customers_are_the_accounts_but_for_their_rounding(name):
    """Profit before fixed cost and advertising, in a trial, tiers moving; accounts round an item, tier and month."""
    trade = resized(scenario(name), customers=min(300, scenario(name).customers))
    firm, standard = opened(trade, seed=5, level="hard"), trade.status_quo
    for quarter in range(2):
        ids = firm.ledgers.customers["customer_id"]
        held = tuple(ids[np.random.default_rng(quarter).random(len(ids)) < 0.5])
        part = run_quarter(firm, replace(BUSY, trial=Trial(standard=standard, held_out=held)))
        books, moved = part.books, (part.tiers[:, 0] != part.tiers[:, 2]).sum()
        found = customer_kpi(books.customers["customer_id"], kpi="contribution", trade=trade, decision=BUSY,
                             standard=standard, held_out=held, **vars(part))
        spent = books.costs.groupby("item")["amount"].sum()
        want = books.accounts["profit"].sum() + spent.get("fixed_cost", 0) + spent.get("acquisition", 0)
        rounded = books.costs.groupby("month").size().sum() * 0.005 + 0.005 * len(books.transactions) ** 0.5
        assert found.sum() == pytest.approx(want, abs=rounded) and moved > 5
        standard = BUSY


@pytest.mark.parametrize("name", ["telecom", "double_11_shop", "record_shop"])
def test_who_is_on_file_is_read_from_the_books_as_the_market_keeps_it(name):
    """The market charges service quality for everybody on file: its cost names their number, month by month."""
    trade = replace(resized(scenario(name), customers=300), quality_cost=1.0)
    firm = Market(trade, np.random.default_rng(2))
    firm.step(Decision())
    for month in range(1, 20):
        filed = on_file(firm.ledgers, trade=trade, month=month)
        costs = firm.step(Decision(service_quality=1.0)).costs.set_index("item")["amount"]
        assert costs.loc[["service_quality"]].sum() == filed.sum()
        assert month <= 12 or name == "telecom" or not filed.all()


def test_the_kpis_of_a_customer_are_sums_over_the_customer_s_own_rows(over):
    books, ids = over.do(quarter=1), over.ledgers.customers["customer_id"]
    sales = books.transactions.set_index("customer_id")
    kpi = {name: pd.Series(customer_kpi(ids, kpi=name, trade=scenario("household_hotline"), decision=over.standard,
                                        standard=Decision(), **vars(over._quarters[1])), index=ids) for name in KPIS}
    for one in [*sales.index.unique()[:20], *ids[~ids.isin(sales.index)][:5]]:
        own = sales.loc[[one]] if one in sales.index else sales.head(0)
        assert kpi["purchases"][one] == len(own) and kpi["active"][one] == bool(len(own))
        assert kpi["margin"][one] == pytest.approx((own["amount"] - own["unit_cost"] * own["quantity"]).sum(), abs=1e-9)
        assert kpi["contribution"][one] <= kpi["margin"][one]


@pytest.mark.parametrize("kpi, name, lever", [
    ("margin", "household_hotline", {"service_quality": 0.9}),
    ("purchases", "double_11_shop", {"contacts": {"all": 2.5}}),
    ("active", "telecom", {"price": 1.15}),
    ("contribution", "over_contacting_insurer", {"contacts": {"all": 0.1}}),
])
def test_the_interval_of_the_check_covers_what_the_decision_does_in_truth(kpi, name, lever):
    """Simulation with known truth: two twins of the market, all under the new way or all under the old, the same
    customers; the mean difference lies in the check's 95 % interval as often as 95 of 100 times would allow."""
    seeds, hits = 60, 0
    for seed in range(seeds):
        game = begun(name, seed=seed, kpi=kpi, quarters=1)
        standard = game.standard
        decision = replace(standard, **lever)
        values = []
        firm = game.setup.opened()
        game.plan(decision, quarter=1, hypothesis="h", target=0.0)
        everybody = pd.Series([*game.book.now.test, *game.book.now.control])
        for way in (decision, standard):
            part = run_quarter(firm.copy(), way)
            values.append(customer_kpi(everybody, kpi=kpi, trade=firm.scenario, decision=way, standard=way,
                                       **vars(part)))
        truth = (values[0] - values[1]).mean()
        game.do(quarter=1)
        low, high = game.check(quarter=1).set_index("measure").loc["uplift", ["low", "high"]]
        hits += low <= truth <= high
    # under 95 % the chance of 52 or fewer is 0.7 %; narrower intervals would fall there soon
    assert hits >= 53, hits
