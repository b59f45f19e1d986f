"""What is bought until a customer leaves: orders with date, quantity, price and cost."""

import numpy as np

from crmkit.market.simulator.behaviour import poisson
from crmkit.market.simulator.parameters import LAWS

from .answer import DAYS_A_MONTH
from .arrive import BILLS
from .sections import Answered, Approached, Entry, Opened, Traded


def trade(opened: Opened, approached: Approached, answered: Answered, *, orders_before: int) -> Traded:
    """The month's orders, numbered on from ``orders_before``, in the order of their dates."""
    contractual = opened.scenario.setting == "contractual"
    everybody, who = opened.everybody, opened.who
    luck = opened.luck.stream("orders")
    bill_day = np.minimum(everybody.bill_day[who], BILLS - 1)
    count = _bills(opened, answered, bill_day) if contractual else _purchases(opened, answered)
    # newcomers buy on the day they join; who was there before the first month has done so long ago
    first_order = opened.newcomer & (everybody.source[who] > 0)

    buyer = np.concatenate([np.repeat(np.arange(len(who)), count), np.flatnonzero(first_order)])
    is_first = np.arange(len(buyer)) >= count.sum()
    within = luck.random(len(buyer)) * answered.span[buyer]
    day = answered.since[buyer] + np.where(is_first, 0, within)
    if contractual:
        day = np.where(is_first, day, bill_day[buyer])
    date = opened.start + day.astype(int)
    discount = np.where(is_first, everybody.memory["offer"][who[buyer]], approached.discount[buyer])

    in_order = np.argsort(date, kind="stable")
    buyer, date, discount = buyer[in_order], date[in_order], discount[in_order]
    noise = np.exp(opened.scenario.price_noise * luck.standard_normal(len(buyer))) * 100
    listed = opened.traits["unit_price"][buyer] * noise
    quantity = 1 + luck.poisson(opened.traits["units_per_order"][buyer] - 1)
    amount = np.maximum(np.rint(listed * answered.listed[buyer] * (1 - discount)), 1) * quantity
    unit_cost = np.rint(listed * (1 - opened.traits["margin_rate"][buyer]))

    def a_customer(cents: np.ndarray) -> np.ndarray:
        return np.bincount(buyer, weights=cents, minlength=len(who))

    orders = Entry(
        ledger="transactions",
        columns={
            "customer_id": who[buyer],
            "date": date,
            "amount": amount,
            "order_id": orders_before + 1 + np.arange(len(buyer)),
            "quantity": quantity,
            "unit_cost": unit_cost,
            "channel": everybody.channel[who[buyer]],
        },
    )
    return Traded(
        made=count + first_order,
        amount=a_customer(amount),
        margin=a_customer(amount - unit_cost * quantity) / 100,
        entries=[orders],
    )


def _bills(opened: Opened, answered: Answered, bill_day: np.ndarray) -> np.ndarray:
    """Under a contract one bill a month, on the day of joining; a newcomer's first order takes its place."""
    return (opened.alive & ~opened.newcomer & (answered.until > bill_day)).astype(np.int32)


def _purchases(opened: Opened, answered: Answered) -> np.ndarray:
    """Without a contract a number of purchases by chance, at the customer's rate, season and pull."""
    stocked = opened.scenario.pull_forward * opened.memory["stocked"]
    left_to_buy = np.maximum(1 - stocked, LAWS.stocked_least)
    usual = opened.traits["purchases_per_month"] / DAYS_A_MONTH
    rate = usual * np.exp(answered.pull) * opened.season * left_to_buy
    return poisson(opened.chance("counts"), np.minimum(rate * answered.span, LAWS.orders_most))
