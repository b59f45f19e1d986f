"""The simulated market: its files, its promises of sameness, its books, and what it says to bad input."""

import ast
import json
import re
import tomllib
from dataclasses import FrozenInstanceError, fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import ROOT

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.core.schema import TRANSACTION_COLUMNS
from crmkit.market import (
    Campaign,
    Decision,
    Market,
    RelationshipType,
    Scenario,
    Segment,
    load_scenario,
    replay,
    resized,
    save_scenario,
    scenario,
    scenarios,
)
from crmkit.market import scenario as scenario_of
from crmkit.market.simulator.ledgers import COLUMNS
from crmkit.market.simulator.parameters import DESCRIBED_LAWS, LAWS, PARAMETERS, Laws

FILES = sorted((Path(crmkit.__file__).parent / "market" / "scenarios").glob("*.toml"))
NAMES = [path.stem for path in FILES]
LEDGERS = tuple(COLUMNS)
BUSY = Decision(
    relationship={"all": "reactive", "gold": "proactive"},
    contact_policy="randomised",
    financial=0.02,
    social={"iron": 0.5},
    structural={"platinum": 1.0},
    care={"gold": 500.0},
    service_quality=0.7,
    complaint_handling=0.9,
    acquisition_budget=2000.0,
    campaigns=(Campaign(name="spring", discount=0.1, control_share=0.3, newcomer_discount=0.2),),
)


BUSY_ANYWHERE = replace(BUSY, financial=0.1)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def run(name: str, decision: Decision | None = None, *, seed: int = 1, months: int = 6, **changes) -> Market:
    s = replace(scenario_of(name), **{"customers": 300, **changes})
    market = Market(s, rng(seed))
    market.step(decision or s.status_quo, months=months)
    return market


def same(one, other) -> None:
    """Equal to the cent and the day."""
    for ledger in LEDGERS:
        pd.testing.assert_frame_equal(getattr(one, ledger), getattr(other, ledger), check_exact=True)


# ---- scenarios as files --------------------------------------------------------------------------------------------


def test_the_markets_of_the_course_are_listed_in_both_languages():
    listed = scenarios()
    assert set(listed["name"]) >= {
        "fast_food_chain",
        "household_hotline",
        "computer_maker",
        "supplement_maker",
        "over_contacting_insurer",
        "industrial_group",
        "telecom",
        "double_11_shop",
        "appliance_club",
        "record_shop",
    }
    assert listed["title_zh"].str.contains("[\u3400-\u9fff]").all()
    assert not listed["title_en"].str.contains("[\u3400-\u9fff]").any()
    assert set(listed["currency"]) == {"CNY", "USD", "EUR"}
    assert set(listed["setting"]) == {"contractual", "noncontractual"}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_scenario_is_a_file_that_an_instructor_can_read_and_edit(path, tmp_path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ") and re.search("^# [A-Z]", text, re.M), (
        "what the market is about, in both languages"
    )
    loaded = load_scenario(path)
    assert loaded.name == path.stem
    save_scenario(loaded, tmp_path / "again.toml")
    assert load_scenario(tmp_path / "again.toml") == loaded
    edited = re.sub(r"^customers = \d+", "customers = 77", text, flags=re.M)
    (tmp_path / "edited.toml").write_text(edited, encoding="utf-8")
    assert load_scenario(tmp_path / "edited.toml") == replace(loaded, customers=77)
    # the comment beside a figure is the one that parameters.toml has today
    said = re.findall(r"^(\w+) = .*?  # (.+)$", text, re.M)
    assert said and all(
        comment == f"{PARAMETERS[name]['zh']} · {PARAMETERS[name]['en']}" for name, comment in said
    )


def test_every_figure_of_a_scenario_is_described_in_both_languages_with_its_range():
    names = {f.name for cls in (Scenario, Segment, RelationshipType) for f in fields(cls)}
    assert names == set(PARAMETERS)
    assert all(re.search("[\u3400-\u9fff]", said["zh"]) for said in PARAMETERS.values())
    assert all(re.search("[a-z]", said["en"]) for said in PARAMETERS.values())
    numbers = {
        f.name for cls in (Scenario, Segment, RelationshipType) for f in fields(cls) if f.type in (int, float)
    }
    assert len(numbers) > 50
    assert all(PARAMETERS[name]["low"] < PARAMETERS[name]["high"] for name in numbers)


# ---- the laws of the model ----------------------------------------------------------------------------------------


def test_every_law_of_the_model_has_a_meaning_and_a_source_or_reason_in_both_languages():
    assert list(DESCRIBED_LAWS) and set(DESCRIBED_LAWS) == {field.name for field in fields(Laws)}
    for name, law in DESCRIBED_LAWS.items():
        assert set(law) == {"value", "zh", "en", "why_zh", "why_en"} and law["value"] == getattr(LAWS, name)
        assert all(re.search("[\u3400-\u9fff]", law[key]) for key in ("zh", "why_zh")), name
        assert not any(re.search("[\u3400-\u9fff]", law[key]) for key in ("en", "why_en")), name
        assert re.match("chosen (so that|because)|by definition|.*[12][0-9]{3}", law["why_en"]), name


# law → what a market needs to have for the law to be felt: traits of all segments, or figures of the scenario
FELT_WHERE = {
    "cliff_loss": {"response_shape": "cliff"},
    "orders_most": {"purchases_per_month": 300.0},
    "loyalty_least": {"contact_gain": 2.0},
    "loyalty_most": {"contact_gain": 2.0},
    "stocked_least": {"pull_forward": 1.0},
    "referral_response": {"referrals_per_year": 5.0},
}


def lively(**changes) -> Market:
    """Months in which every lever is in use and customers answer to extremes."""
    trade = resized(scenario_of("double_11_shop"), customers=400)
    traits = {
        name: value for name, value in changes.items() if name not in {f.name for f in fields(Scenario)}
    }
    figures = {name: value for name, value in changes.items() if name not in traits}
    segments = {name: replace(segment, **traits) for name, segment in trade.segments.items()}
    market = Market(replace(trade, segments=segments, survey_share=0.3, failure_rate=0.4, **figures), rng(3))
    sale = Campaign(name="sale", discount=0.85, newcomer_discount=0.2)
    calm = replace(BUSY_ANYWHERE, contacts=0.5, structural=1.0)
    market.step(replace(calm, contact_policy="by_value", campaigns=(sale,)), months=2)
    market.step(replace(calm, contacts=12.0, contact_policy="by_value"), months=2)
    market.step(replace(calm, contact_policy="randomised", price=2.0), months=2)
    return market


@pytest.mark.parametrize("law", DESCRIBED_LAWS)
def test_every_law_of_the_model_moves_the_books(law):
    """None stands there for nothing."""
    where = FELT_WHERE.get(law, {})
    usual, value = lively(**where), getattr(LAWS, law)
    if isinstance(value, list):
        other = [dose / 2 for dose in value]
    else:
        other = type(value)(value / 2)
    try:
        object.__setattr__(LAWS, law, other)  # a law is no setting of the kit: it has no other way
        changed = lively(**where)
    finally:
        object.__setattr__(LAWS, law, value)
    before, after = usual.ledgers, changed.ledgers
    assert any(not getattr(before, ledger).equals(getattr(after, ledger)) for ledger in LEDGERS), law
    same(lively(**where).ledgers, before)


# ---- the wing -------------------------------------------------------------------------------------------------------


def imported(path: Path) -> set[str]:
    """The modules that a file imports, by their whole names."""
    package = ["crmkit", *path.relative_to(Path(crmkit.__file__).parent).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = [*start, *(node.module or "").split(".")] if node.module else start
            found |= {".".join([*base, alias.name]) for alias in node.names}
    return found


def test_the_simulator_knows_no_game_and_nothing_but_the_faces_knows_the_market():
    root = Path(crmkit.__file__).parent
    simulator = [*(root / "market" / "simulator").rglob("*.py")]
    assert len(simulator) > 10
    for path in simulator:
        other_rooms = {name for name in imported(path) if name.startswith("crmkit.market.")}
        assert all(name.startswith("crmkit.market.simulator.") for name in other_rooms), path
    for path in root.rglob("*.py"):
        if root / "market" not in path.parents and path.parent != root:
            assert not [name for name in imported(path) if name.startswith("crmkit.market")], path


def test_scenario_and_decision_are_frozen_and_a_market_changes_neither():
    s, decision = replace(scenario("telecom"), customers=50), replace(BUSY, structural={"heavy_users": 1.0})
    before, record = repr(s), json.dumps(decision.record())
    Market(s, rng()).step(decision, months=3)
    assert repr(s) == before and json.dumps(decision.record()) == record
    with pytest.raises(FrozenInstanceError):
        s.customers = 3
    with pytest.raises(FrozenInstanceError):
        decision.price = 2
    levels = {"all": "basic"}
    held = Decision(relationship=levels)
    levels["all"] = "partnership"
    assert held.relationship == {"all": "basic"}


# ---- sameness ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_ledgers_and_another_seed_others(name):
    one, again, other = (run(name, seed=seed) for seed in (1, 1, 2))
    same(one.ledgers, again.ledgers)
    pd.testing.assert_frame_equal(one.truth, again.truth, check_exact=True)
    assert not one.ledgers.transactions.equals(other.ledgers.transactions)


@pytest.mark.parametrize("name", ["double_11_shop", "over_contacting_insurer", "record_shop"])
def test_twelve_steps_of_a_month_are_one_step_of_twelve(name):
    whole, parts = run(name, BUSY, months=12), run(name, BUSY, months=1)
    of_each = [parts.step(BUSY) for _ in range(11)]
    same(whole.ledgers, parts.ledgers)
    pd.testing.assert_frame_equal(whole.truth, parts.truth, check_exact=True)
    assert whole.decisions == parts.decisions == [(BUSY, 12)]
    # and the ledgers of a step are those of its months
    last = of_each[-1].transactions
    pd.testing.assert_frame_equal(last, whole.ledgers.transactions.iloc[-len(last) :].reset_index(drop=True))


def test_seed_scenario_and_decisions_are_a_complete_record_of_a_market():
    s = replace(scenario("appliance_club"), customers=400)
    played = Market(s, rng(5))
    for decision in (s.status_quo, BUSY, s.status_quo):
        played.step(decision, months=3)
    saved = json.loads(json.dumps([[decision.record(), months] for decision, months in played.decisions]))
    resumed = replay(s, rng(5), [(Decision.from_record(record), months) for record, months in saved])
    same(played.ledgers, resumed.ledgers)
    same(played.step(BUSY), resumed.step(BUSY))


def test_a_copy_goes_its_own_way_and_leaves_the_first_alone():
    market = run("household_hotline")
    before, twin = market.ledgers, market.copy()
    twin.step(replace(BUSY, campaigns=(Campaign(name="other"),)), months=3)
    same(before, market.ledgers)
    assert market.month == 6 and twin.month == 9 and len(market.decisions) == 1
    same(market.copy().step(BUSY), market.step(BUSY))


def test_two_policies_meet_the_same_luck():
    """The customers of the start draw the same uniform numbers whatever the firm does, so a difference is an effect."""
    quiet, dear = Decision(), Decision(price=1.001)
    a, b = run("household_hotline", quiet, months=1), run("household_hotline", dear, months=1)
    bought = [m.ledgers.transactions["customer_id"].value_counts().sort_index() for m in (a, b)]
    differ = bought[0].sub(bought[1], fill_value=0).abs().sum()
    assert differ <= 0.02 * bought[0].sum() and len(bought[0]) > 50


# ---- the books -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_ledgers_reconcile_to_the_cent(name):
    market = run(name, BUSY, months=8)
    books, s = market.ledgers, market.scenario
    sales, costs = books.transactions, books.costs

    def cents(column):
        return (column * 100).round().astype("int64")

    accounts = books.accounts.set_index("month")
    by_month = cents(sales["amount"]).groupby(sales["date"].dt.to_period("M").dt.to_timestamp()).sum()
    assert (cents(accounts["revenue"]).loc[by_month.index] == by_month).all()
    assert cents(accounts["revenue"]).sum() == cents(sales["amount"]).sum()
    assert cents(accounts["cost_of_goods"]).sum() == (cents(sales["unit_cost"]) * sales["quantity"]).sum()
    assert cents(accounts["programme_cost"]).sum() == cents(costs["amount"]).sum()
    left = cents(accounts["revenue"]) - cents(accounts["cost_of_goods"]) - cents(accounts["programme_cost"])
    assert (cents(accounts["profit"]) == left).all()
    item = cents(costs["amount"]).groupby(costs["item"]).sum()
    calls = books.contacts["programme"] == "relationship"
    assert item.get("contacts", 0) == cents(books.contacts["cost"])[calls].sum()
    assert item.get("campaigns", 0) == cents(books.contacts["cost"])[~calls].sum()
    assert item.get("complaints", 0) == cents(books.complaints["cost"]).sum()
    assert item.get("cost_to_serve", 0) == cents(books.customers["cost_to_serve"]).sum()
    assert item.get("fixed_cost", 0) == round(8 * s.fixed_cost * 100)
    gold = len(
        costs.query("item == 'service_quality' and tier == 'gold'")
    )  # months in which the tier had customers
    assert item["care"] == pytest.approx(gold * 500 * 100, abs=10) and gold >= 7


@pytest.mark.parametrize("name", NAMES)
def test_every_row_belongs_to_a_customer_who_was_there(name):
    market = run(name, BUSY, months=8)
    books = market.ledgers
    customers = books.customers.set_index("customer_id")
    assert customers.index.is_unique and books.transactions["order_id"].is_unique
    assert set(books.transactions.columns) <= set(TRANSACTION_COLUMNS)
    for ledger in ("transactions", "contacts", "complaints", "surveys"):
        frame = getattr(books, ledger)
        assert list(frame.columns) == list(COLUMNS[ledger]) and not frame.isna().any().any()
        assert (frame["date"] >= frame["customer_id"].map(customers["joined"])).all()
        start = pd.Timestamp(market.scenario.start)
        assert frame["date"].between(start, start + pd.DateOffset(months=8), inclusive="left").all()
    left = books.transactions["customer_id"].map(market.truth.set_index("customer_id")["true_left"])
    assert not (books.transactions["date"] > left).any()
    referred = customers.loc[customers["source"] == "referral", "referred_by"]
    assert referred.isin(customers.index).all()
    assert customers.loc[customers["source"] != "referral", "referred_by"].isna().all()
    assert (
        books.surveys["satisfaction"].between(1, 10).all() and books.surveys["recommend"].between(0, 10).all()
    )
    assert (books.transactions["amount"] > 0).all() and (books.transactions["quantity"] >= 1).all()


@pytest.mark.parametrize("name", NAMES)
def test_no_ledger_holds_the_truth(name):
    market = run(name)
    hidden = set(market.truth.columns) - {"customer_id"}
    assert hidden and all(column.startswith("true_") for column in hidden)
    for ledger in (*LEDGERS, "accounts"):
        assert not any(column.startswith("true_") for column in getattr(market.ledgers, ledger).columns)
    left = market.ledgers.customers["left_on"]
    if market.scenario.setting == "contractual":  # one sees who cancels …
        pd.testing.assert_series_equal(left, market.truth["true_left"], check_names=False)
        assert left.notna().any()
    else:  # … and who merely stays away one does not
        assert left.isna().all() and (~market.truth["true_alive"]).any()


def test_the_summary_of_customers_reads_the_transactions_as_they_are():
    books = run("fast_food_chain").ledgers
    summary = crmkit.customer_summary(books.transactions, as_of="2024-06-30")
    assert summary["orders"].sum() == len(books.transactions)
    assert summary["revenue"].sum() == pytest.approx(books.transactions["amount"].sum(), abs=0.005)


def test_the_control_group_of_a_campaign_hears_nothing_and_pays_the_full_price():
    free = {"price_noise": 0.0, "trait_spread": 0.0}
    market = run("double_11_shop", replace(BUSY, contacts=0.0), months=1, customers=3000, **free)
    mailed = market.ledgers.contacts.query("programme == 'spring'").set_index("customer_id")
    assert mailed.groupby("arm")["contacts"].unique().map(list).to_dict() == {"control": [0], "treated": [2]}
    assert (mailed["arm"] == "control").mean() == pytest.approx(0.3, abs=4 * (0.21 / len(mailed)) ** 0.5)
    sales = market.ledgers.transactions
    sales = sales[sales["customer_id"].isin(mailed.index)]
    listed = market.truth.set_index("customer_id")["true_unit_price"][sales["customer_id"]].to_numpy()
    paid = (sales["amount"] / sales["quantity"]).to_numpy() / listed
    treated = (mailed["arm"] == "treated")[sales["customer_id"]].to_numpy()
    assert np.allclose(paid[treated], 0.9, atol=0.002) and np.allclose(paid[~treated], 1, atol=0.002)


def test_a_tiers_entry_goes_before_its_segments_and_a_segments_before_all():
    s = replace(scenario("industrial_group"), customers=2000)
    rule = {"all": 1.0, "small_works": 0.0, "platinum": 3.0}
    books = Market(s, rng()).step(Decision(contacts=rule))
    contacts = books.contacts.groupby("customer_id")["contacts"].sum()
    first = books.customers[books.customers["joined"] < pd.Timestamp(s.start)]
    got = first["customer_id"].map(contacts).fillna(0)
    expected = np.where(first["tier"] == "platinum", 3, np.where(first["segment"] == "small_works", 0, 1))
    assert (got == expected).all() and {0, 1, 3} == set(expected)


def test_cost_of_a_tiers_care_is_the_budget_given():
    s = replace(scenario("appliance_club"), customers=2000)
    costs = Market(s, rng()).step(Decision(care={"gold": 1234.0, "iron": 0.0}), months=3).costs
    spent = costs.query("item == 'care'").groupby("tier")["amount"].sum()
    assert spent.to_dict() == pytest.approx({"gold": 3 * 1234.0}, abs=0.05)


# ---- what it says to bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong, names",
    [
        (lambda: Decision(price=float("nan")), ("price", "NaN")),
        (lambda: Decision(relationship="partner"), ("partner", "partnership")),
        (lambda: Decision(social={"all": 2}), ("social", "1")),
        (lambda: Decision(contacts="many"), ("contacts", "many")),
        (lambda: Decision(contact_policy="random"), ("random", "randomised")),
        (lambda: Campaign(name="relationship"), ("relationship",)),
        (lambda: Decision(campaigns="spring"), ("Campaign(", "s")),
        (lambda: Decision.from_record({"campaigns": [["spring"]]}), ("spring", "Campaign(")),
        (lambda: Decision.from_record({"campaigns": [{"discount": 0.1}]}), ("decision.campaigns", "name")),
        (lambda: Decision.from_record(["price"]), ("decision", "acquisition_budget")),
        (lambda: replace(scenario("telecom"), status_quo=3), ("int", "Decision")),
        (lambda: Campaign(name="x", discount=1), ("discount", "0.9")),
        (lambda: Campaign(name="x", calendar_months=(13,)), ("13", "12")),
        (lambda: Decision.from_record({"prise": 1.0}), ("prise", "price")),
        (lambda: run("telecom", Decision(relationship={"titanium": "basic"})), ("titanium", "platinum")),
        (lambda: run("telecom", Decision(care={"all": 10.0})), ("all", "platinum")),
        (lambda: run("telecom", months=0), ("0", "1200")),
        (lambda: run("telecom", months=1.5), ("1.5", "1200")),
        (lambda: run("telecom", {"price": 1}), ("dict", "Decision")),
        (lambda: scenario("telekom"), ("telekom", "telecom")),
        (lambda: replace(scenario("telecom"), tiers={"gold": 0.5, "lead": 0.6}), ("tiers", "0.6")),
        (lambda: replace(scenario("telecom"), tiers=3), ("tiers", "3")),
        (lambda: replace(scenario("telecom"), channels={"shop": "all"}), ("channels", "all")),
        (lambda: replace(scenario("telecom"), seasonality=3), ("seasonality", "12")),
        (lambda: replace(scenario("telecom"), start="2024"), ("start", "2024")),
        (lambda: replace(scenario("telecom"), start=date(2024, 1, 31)), ("start", "2024-01-31")),
        (lambda: replace(scenario("telecom"), customers=3.5), ("customers", "3.5")),
        (lambda: replace(scenario("telecom"), seasonality=(1.0,) * 11), ("seasonality", "12")),
        (lambda: replace(scenario("telecom"), types={}), ("partnership",)),
        (lambda: replace(scenario("telecom"), tiers={"heavy_users": 1.0}), ("heavy_users",)),
        (lambda: replace(scenario("telecom"), response_shape="linear"), ("linear", "quadratic")),
        (lambda: replace(scenario("telecom"), carryover=1.0), ("carryover", "0.99")),
        (
            lambda: Segment(customer_share=1.0, purchases_per_month=-1, unit_price=1.0, margin_rate=0.1),
            ("purchases_per_month", "−1"),
        ),
    ],
)
def test_bad_input_is_named_with_what_is_allowed(wrong, names):
    with pytest.raises(CrmkitError) as error:
        wrong()
    for text in (error.value.message_zh, error.value.message_en):
        assert all(name in text for name in names), text
    assert re.search("[\u3400-\u9fff]", error.value.message_zh)


@pytest.mark.parametrize(
    "text, names",
    [
        ("customers = = 3", ("edited.toml",)),
        ("customers = 3", ("name",)),
        ("segments = 3", ("segments",)),
        ("[segments]\nall_of_them = 3", ("segments", "all_of_them")),
        ("colour = 3", ("colour", "currency")),
        ("[segments.all_of_them]\nprice = 3", ("price", "unit_price")),
    ],
)
def test_a_broken_scenario_file_is_named_with_what_is_allowed(tmp_path, text, names):
    (tmp_path / "edited.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CrmkitError) as error:
        load_scenario(tmp_path / "edited.toml")
    assert all(name in error.value.message_en for name in names), error.value.message_en


def test_a_missing_scenario_file_is_named(tmp_path):
    with pytest.raises(CrmkitError, match="nowhere.toml"):
        load_scenario(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("name", ["telecom", "appliance_club"])
def test_a_market_of_one_customer_and_one_that_has_died_out_still_keep_books(name):
    segments = {
        key: replace(part, lapse_per_month=20.0, referrals_per_year=0.0)
        for key, part in scenario(name).segments.items()
    }
    quiet = Decision(relationship="proactive", contact_policy="by_value", care={"gold": 10.0}, social=0.5)
    market = run(
        name, quiet, customers=1, months=3, segments=segments, acquisition_per_month=0.0, file_months=1
    )
    assert len(market.truth) == 1 and not market.truth["true_alive"].any()
    accounts = market.step(quiet, months=2).accounts
    assert len(accounts) == 2 and (accounts["revenue"] == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_column_and_every_word_of_the_ledgers_has_both_languages(name):
    from crmkit.core.glossary import has_term

    market = run(name, BUSY, customers=100, months=2)
    books = market.ledgers
    columns = {c for ledger in (*LEDGERS, "accounts") for c in getattr(books, ledger).columns}
    columns |= set(market.truth.columns) | set(scenarios().columns)
    words = {w for column, names in books.names.items() for w in names if w != "spring"} | {
        market.scenario.setting
    }
    assert not {x for x in columns | words if not has_term(x)}


def test_a_ledger_is_shown_with_headings_in_both_languages():
    text = repr(crmkit.show(run("industrial_group").ledgers.costs))
    assert text and all(any(word in text for word in pair) for pair in (("科目", "item"), ("金额", "amount")))


def test_ledgers_and_truth_once_handed_out_do_not_change():
    market = run("telecom")
    books, truth = market.ledgers, market.truth
    held, again = truth.copy(), run("telecom").ledgers
    market.step(BUSY_ANYWHERE, months=3)
    same(books, again)  # made into frames only now
    pd.testing.assert_frame_equal(truth, held)


def test_a_market_before_its_first_month_has_empty_books():
    market = Market(scenario("telecom"), rng())
    assert all(len(getattr(market.ledgers, ledger)) == 0 for ledger in (*LEDGERS, "accounts"))
    assert len(market.truth) == 0
    assert list(market.ledgers.transactions.columns) == list(COLUMNS["transactions"])


def test_the_ledgers_of_a_span_are_those_that_its_steps_gave():
    market = run("appliance_club", BUSY, months=2)
    steps = [market.step(decision, months=3) for decision in (BUSY_ANYWHERE, BUSY)]
    for first, given in zip((2, 5), steps):
        again = market.ledgers_between(first, first + 3)
        for ledger in set(LEDGERS) - {"customers"}:
            pd.testing.assert_frame_equal(getattr(again, ledger), getattr(given, ledger), check_exact=True)
    same(market.ledgers_between(0, 8), market.ledgers)
    assert len(market.ledgers_between(3, 3).costs) == 0


def test_a_month_in_which_nothing_happens_is_in_the_accounts_all_the_same():
    few = replace(
        resized(scenario("supplement_maker"), customers=3), fixed_cost=0.0, acquisition_per_month=0.0
    )
    books = Market(few, np.random.default_rng(1)).step(
        Decision(service_quality=0, complaint_handling=0), months=36
    )
    assert books.costs["month"].nunique() < 36 and len(books.accounts) == 36
    assert books.accounts["revenue"].sum() == pytest.approx(books.transactions["amount"].sum())


def test_every_market_says_which_frameworks_of_the_course_it_is_there_to_teach():
    known = tomllib.loads((ROOT / "coursekit/lessons/frameworks.toml").read_text(encoding="utf-8"))
    for name in NAMES:
        assert scenario(name).frameworks and set(scenario(name).frameworks) <= known.keys(), name
