"""The twin of a game that is over: what markets run by hand, with the plan and without it, come to on the same luck."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmkit.core.errors import CrmkitError
from crmkit.market import Decision, Game, Trial, Twin, carried_on
from crmkit.market.game.rules import outcome
from crmkit.market.game.twin import half_split_width, interval_score

NAME, SEED, CUSTOMERS = "household_hotline", 11, 300


def played(*plans, acts=("standardise", "standardise"), estimates=(None, None), kpi="purchases", path=None):
    """A game over; each plan is what it changes of the standard of its day."""
    game = Game(NAME, seed=SEED, customers=CUSTOMERS, quarters=len(plans), kpi=kpi, path=path)
    for quarter, (plan, act, estimate) in enumerate(zip(plans, acts, estimates), 1):
        game.plan(replace(game.standard, **plan), quarter=quarter, hypothesis="a club binds", target=1.0)
        game.do(quarter=quarter)
        game.check(quarter=quarter)
        game.act(act, quarter=quarter, estimate=estimate)
    return game


HOTLINE = {"relationship": "reactive", "complaint_handling": 0.8}
QUALITY = {"service_quality": 0.8}


@pytest.fixture(scope="module")
def game():
    return played(HOTLINE, QUALITY)


@pytest.fixture(scope="module")
def twin(game) -> Twin:
    return game.twin()


def test_no_twin_is_had_before_the_last_quarter_is_over_nor_of_a_saved_game(tmp_path):
    path = tmp_path / "mine.game.jsonl"
    game = Game(NAME, seed=SEED, customers=CUSTOMERS, quarters=1, path=path)
    steps = (
        lambda: game.plan(Decision(**QUALITY), quarter=1, hypothesis="h", target=1.0),
        lambda: game.do(quarter=1),
        lambda: game.check(quarter=1),
    )
    for step in (lambda: None, *steps):
        step()
        for read in (lambda: game, lambda: Game.verify(path), lambda: Game.resume(path)):
            for ask in (lambda g: g.twin(), lambda g: g.twin_by_lever(quarter=1)):
                with pytest.raises(CrmkitError) as caught:
                    ask(read())
                assert caught.value.code == "game_not_over"
    game.act("abandon", quarter=1)
    assert len(game.twin().table) == 1


def test_the_true_effect_is_the_difference_of_two_markets_with_the_same_luck(game, twin):
    firm = game.setup.opened()
    standard = firm.scenario.status_quo
    people = [*game.book.cycles[0].treated, *game.book.cycles[0].control]
    orders = []
    for decision in (replace(standard, **HOTLINE), standard):
        sold = firm.copy().step(decision, months=3).transactions
        orders.append(sold["customer_id"].isin(people).sum() / len(people))
    assert twin.table["true_effect"].iloc[0] == pytest.approx(orders[0] - orders[1])
    assert twin.table["true_effect"].iloc[0] != 0


def test_the_worth_of_a_plan_is_the_game_less_the_game_in_which_it_was_never_made(game, twin):
    """By hand: the standard in the first quarter; in the second the plan without what the first had changed."""
    firm = game.setup.opened()
    standard = firm.scenario.status_quo
    firm.step(standard, months=3)
    second = replace(
        standard, **QUALITY, trial=Trial(standard=standard, held_out=game.book.cycles[1].control)
    )
    firm.step(second, months=3)
    assert twin.table["true_worth"].iloc[0] == pytest.approx(
        game.outcome.value - outcome(firm).value, abs=0.01
    )


def test_without_its_only_plan_a_game_is_the_firm_that_changes_nothing():
    game = played(QUALITY)
    nothing = carried_on(game.setup.opened(), usual(game), quarters=1)
    worth = game.twin().table["true_worth"].iloc[0]
    assert worth == pytest.approx(game.outcome.value - nothing.value, abs=0.01)
    assert worth < 0  # quality is paid for at once, and a quarter is short


def usual(game: Game) -> Decision:
    return game.setup.opened().scenario.status_quo


def test_a_plan_that_changes_nothing_does_nothing():
    table = played({}, acts=("adjust",)).twin().table
    assert table[["true_effect", "true_worth"]].to_numpy().tolist() == [[0.0, 0.0]]
    assert table["method"].tolist() == ["="]


def test_group_by_group_a_later_plan_keeps_what_it_changed_itself():
    """The club of the families is undone; what the second quarter gives to singles stays."""
    game = played({"social": {"families": 0.6}}, {"social": {"families": 0.6, "all": 0.3}})
    firm = game.setup.opened()
    standard = firm.scenario.status_quo
    firm.step(standard, months=3)
    second = replace(standard, social={"all": 0.3})
    firm.step(replace(second, trial=Trial(standard=standard, held_out=game.book.cycles[1].control)), months=3)
    worth = game.twin().table["true_worth"].iloc[0]
    assert worth == pytest.approx(game.outcome.value - outcome(firm).value, abs=0.01)


def test_each_lever_alone_is_set_beside_the_whole_plan(game, twin):
    table = game.twin_by_lever(quarter=1)
    assert table["method"].tolist() == [
        twin.table["method"].iloc[0],
        "complaint_handling: 0.3 → 0.8",
        "relationship[all]: basic → reactive",
    ]
    whole = table.iloc[0][["true_effect", "true_worth"]].tolist()
    assert whole == pytest.approx(twin.table.iloc[0][["true_effect", "true_worth"]].tolist())
    alone = game.setup.opened()
    people = [*game.book.cycles[0].treated, *game.book.cycles[0].control]
    orders = []
    for decision in (replace(usual(game), relationship="reactive"), usual(game)):
        sold = alone.copy().step(decision, months=3).transactions
        orders.append(sold["customer_id"].isin(people).sum() / len(people))
    assert table["true_effect"].iloc[2] == pytest.approx(orders[0] - orders[1])


def test_a_saved_game_has_the_same_twin_when_it_is_played_again(tmp_path, twin):
    path = tmp_path / "mine.game.jsonl"
    played(HOTLINE, QUALITY, path=path)
    before = path.read_bytes()
    pd.testing.assert_frame_equal(Game.verify(path).twin().table, twin.table)
    pd.testing.assert_frame_equal(Game.resume(path).twin().table, twin.table)
    assert path.read_bytes() == before


def test_a_twin_leaves_the_game_as_it_was(game):
    moves, value = game.moves, game.outcome.value
    game.twin()
    game.twin_by_lever(quarter=2)
    assert game.moves == moves and game.outcome.value == value


def test_the_players_own_estimate_takes_the_place_of_the_checks_and_is_fixed_with_the_step(tmp_path, twin):
    path = tmp_path / "mine.game.jsonl"
    game = played(HOTLINE, QUALITY, estimates=((0.1, 0.0, 0.2), None), path=path)
    table = game.twin().table
    assert table.loc[0, ["estimate", "estimate_low", "estimate_high"]].tolist() == [0.1, 0.0, 0.2]
    assert table.loc[1, "estimate"] == game.book.cycles[1].uplift.value == twin.table.loc[1, "estimate"]
    assert table["true_effect"].tolist() == twin.table["true_effect"].tolist()  # nothing follows from it
    again = Game.resume(path)
    again.act("standardise", quarter=1, estimate=np.array([0.1, 0.0, 0.2]))
    with pytest.raises(CrmkitError) as caught:
        again.act("standardise", quarter=1, estimate=(0.1, 0.0, 0.3))
    assert caught.value.code == "game_played" and "estimate" in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        5,
        (1, 2),
        (1, 0, 2, 3),
        (3, 0, 2),
        (0, 1, 2),
        ("a", 0, 1),
        (np.nan, 0, 1),
        (0, -np.inf, 1),
        "123",
        "213",
        [[1], 0, 2],
    ],
)
def test_an_estimate_that_is_no_interval_is_refused_and_nothing_is_lost(wrong):
    game = Game(NAME, seed=SEED, customers=CUSTOMERS, quarters=1)
    game.plan(game.standard, quarter=1, hypothesis="h", target=1.0)
    game.do(quarter=1)
    game.check(quarter=1)
    with pytest.raises(CrmkitError) as caught:
        game.act("adjust", quarter=1, estimate=wrong)
    assert caught.value.code == "game_estimate" and game.next_step == "act"


def table_of(*rows) -> pd.DataFrame:
    """Truth, low, high and the width of a half split."""
    found = pd.DataFrame(rows, columns=["true_effect", "low", "high", "half_split_width"])
    scores = map(interval_score, found["true_effect"], found["low"], found["high"])
    return found.assign(interval_score=list(scores))


@pytest.mark.parametrize(
    "rows, points",
    [
        ([(5, 5, 5, 2)], 100.0),  # known
        ([(5, 4, 6, 2)], 50.0),  # as wide as a half split, and holding
        ([(5, 3, 7, 2)], 0.0),  # twice as wide
        ([(5, 4, 4.9, 2)], 0.0),  # (0.9 + 40 × 0.1) ÷ 2 × 50 = 122.5 is lost
        ([(5, 5, 5, 2), (5, 4, 6, 2)], 75.0),  # the mean over the quarters
        ([(5, 5, 5, 2), (0, 0, 0, 0)], 100.0),  # where nobody differs nothing can be estimated
    ],
)
def test_points_are_the_interval_score_of_gneiting_and_raftery_2007(rows, points):
    assert Twin(table=table_of(*rows)).points == points


def test_points_are_missing_where_no_customer_differs():
    assert np.isnan(Twin(table=table_of((0, 0, 0, 0))).points)


def test_no_width_but_that_of_95_per_cent_earns_more_by_the_interval_score():
    """Gneiting & Raftery 2007: simulated estimates with a known error; narrower and wider intervals score worse."""
    errors = np.random.default_rng(5).standard_normal(20_000)
    means = {
        half: np.mean([interval_score(0.0, error - half, error + half) for error in errors])
        for half in (1.0, 1.5, 1.96, 2.6, 4.0)
    }
    assert min(means, key=means.get) == 1.96


def test_the_width_of_a_half_split_is_that_of_welchs_interval():
    from crmkit.core.intervals import difference_of_means

    values = np.random.default_rng(3).gamma(1.0, 30.0, 2000)
    found = difference_of_means(values[::2], values[1::2])
    assert half_split_width(values) == pytest.approx(found.high - found.low, rel=0.02)
