"""The market itself: one month at a time, all customers at once.

Chance comes from streams numbered by (seed, month, purpose), so a month depends on the state before it and on the
decision and on nothing else: twelve steps of one month are one step of twelve, and two policies meet the same luck.
Traits are kept in 32 bits and reckoned with in 64: a 32-bit exp differs between processors often enough to change a
ledger.
"""

import copy
from collections.abc import Iterable
from dataclasses import fields, replace
from itertools import zip_longest
from types import SimpleNamespace

import numpy as np
import pandas as pd

from crmkit.core.errors import CrmkitError

from .behaviour import draw_traits, poisson, response
from .decision import POLICIES, TYPES, Decision
from .ledgers import COLUMNS, Ledgers, ids
from .scenario import RelationshipType, Scenario, require_scenario

_STREAMS = (
    "arrivals",
    "contacts",
    "campaigns",
    "lapse",
    "counts",
    "orders",
    "failures",
    "noise",
    "referrals",
    "surveys",
)
_SOURCES = ("before_start", "launch", "advertising", "promotion", "referral")
_ITEMS = (
    "contacts",
    "relationship_programme",
    "campaigns",
    "financial",
    "social",
    "structural",
    "service_quality",
    "complaints",
    "care",
    "acquisition",
    "cost_to_serve",
    "fixed_cost",
)
_ARMS = np.array([0, 0.5, 1, 1.5, 2])  # of the number of contacts, under the randomised policy
_NEVER = 2**30  # a day that does not come
_NOTHING = np.zeros(0, dtype=int)
_DAYS = 30.4375  # of the month in which rates are stated


class Market:
    """A market under way. ``Market(scenario, rng)`` draws its customers; ``step`` runs the business.

    ``seed`` is the one number taken from ``rng``; ``decisions`` lists what was decided and for how many months, so
    that ``replay`` can make the same market again; ``truth`` is what only the simulator knows.

    >>> from crmkit.market import Decision, Market, scenario
    >>> market = Market(scenario("appliance_club"), np.random.default_rng(7))
    >>> list(market.step(Decision(), months=2).accounts.columns)
    ['month', 'revenue', 'cost_of_goods', 'programme_cost', 'profit']
    """

    def __init__(self, scenario: Scenario, rng: np.random.Generator):
        require_scenario(scenario)
        self.scenario, self.month = scenario, 0
        self.seed = int(rng.integers(2**63))
        self.decisions: list[tuple[Decision, int]] = []
        self._books = {name: [] for name in COLUMNS if name != "customers"}
        self._customers = {"left": np.zeros(0, dtype=np.int32)}
        self._orders, self._rebate_months = 0, 0
        self._hunters = 1.0  # share of the bargain hunters whom no offer has used up
        self._spells: list[tuple[Decision, int]] = []  # what customers live under, and since which month
        self._programmes: tuple[str, ...] = ("relationship",)
        self._referrers = np.zeros(0, dtype=np.int64)

    def step(self, decision: Decision, *, months: int = 1) -> Ledgers:
        """Run the business for ``months`` under ``decision``; the ledgers of these months.

        Errors: CrmkitError for months that are not a whole number from 1 to 1200, and for a group, or a customer held
        out of a trial, unknown here.
        """
        if isinstance(months, bool) or not isinstance(months, (int, np.integer)) or not 1 <= months <= 1200:
            raise CrmkitError("market_months", value=months)
        if not isinstance(decision, Decision):
            raise CrmkitError("market_decision", value=type(decision).__name__)
        self.scenario.require_groups(decision)
        self._require_held_out(decision)
        first = self.month
        for _ in range(months):
            if not self.decisions or self.decisions[-1][0] != decision:
                self.decisions.append((decision, 0))
                since = [
                    next((m for old, m in self._spells if old == arm), self.month) for arm in decision.arms
                ]
                self._spells = list(zip(decision.arms, since))
            self._run_month(decision)
            self.decisions[-1] = (decision, self.decisions[-1][1] + 1)
        return self.ledgers_between(first, self.month)

    @property
    def ledgers(self) -> Ledgers:
        """The ledgers from the first month to now."""
        return self.ledgers_between(0, self.month)

    def ledgers_between(self, first: int, end: int) -> Ledgers:
        """The ledgers of the months ``first`` … ``end`` − 1, the first of all being 0; customers as they stand now."""
        s, c = self.scenario, self._customers
        books = {}
        for name, parts in self._books.items():
            parts = [part for month, part in parts if first <= month < end] or [
                dict.fromkeys(COLUMNS[name], _NOTHING)
            ]
            books[name] = {x: np.concatenate([part[x] for part in parts]) for x in COLUMNS[name]}
        # every month begins with new arrays (_arrive), so what is handed out here does not change afterwards
        unseen = np.full(len(c["left"]), _NEVER)
        books["customers"] = {x: c.get(x, unseen) for x in COLUMNS["customers"]} | {
            "customer_id": np.arange(len(unseen)),
            "cost_to_serve": c.get("served", unseen),
            "left_on": c["left"] if s.setting == "contractual" else unseen,
        }
        names = {
            "source": _SOURCES,
            "segment": tuple(s.segments),
            "tier": (*s.tiers, "all"),
            "item": _ITEMS,
            "channel": tuple(s.channels),
            "programme": self._programmes,
            "policy": POLICIES,
            "arm": ("treated", "control"),
        }
        months = [self._day(month) for month in range(first, min(end, self.month))]
        return Ledgers(books, names, np.datetime64(s.start), np.array(months, dtype=int))

    @property
    def truth(self) -> pd.DataFrame:
        """What no ledger holds, a row per customer: ``customer_id``, ``true_alive``, ``true_left`` (the day), traits.

        The traits (``true_purchases_per_month``, ``true_contact_tolerance``, …) are in the units of parameters.toml;
        of the state, ``true_state`` is satisfaction now and ``true_bond`` the structural bond, both 0 … 1.
        """
        c = self._customers
        gone = c["left"] < _NEVER
        days = np.datetime64(self.scenario.start) + np.where(gone, c["left"], 0).astype("timedelta64[D]")
        return pd.DataFrame(
            {
                "customer_id": ids(np.arange(len(gone)), "C"),
                "true_alive": ~gone,
                "true_left": np.where(gone, days, np.datetime64("NaT")).astype("datetime64[us]"),
                **{f"true_{name}": values for name, values in c.items() if values.dtype == np.float32},
            }
        )

    def copy(self) -> "Market":
        """A second market in the same state and with the same luck ahead: what would have happened otherwise."""
        twin = copy.copy(self)  # no array is shared for long: every month begins with new ones (_arrive)
        twin._books = {name: list(book) for name, book in self._books.items()}
        twin.decisions = list(self.decisions)
        return twin

    def _require_held_out(self, decision: Decision) -> None:
        known, held = len(self._customers["left"]), decision.trial.numbers if decision.trial else _NOTHING
        wrong = (held < 0) | (held >= known)
        if wrong.any():
            allowed = " … ".join(ids(np.array([0, known - 1]), "C")) if known else "—"
            raise CrmkitError(
                "trial_unknown",
                value=decision.trial.held_out[wrong.argmax()],
                count=int(wrong.sum()),
                allowed=allowed,
            )

    # ---- one month -------------------------------------------------------------------------------------------------

    def _run_month(self, d: Decision) -> None:
        now = self._open(d)
        self._approach(now, d)
        self._answer(now, d)
        self._trade(now, d)
        self._settle(now, d)
        self.month += 1

    def _open(self, d: Decision) -> SimpleNamespace:
        """The month's dates, its newcomers, and whom it concerns: those on file and those in truth still there."""
        s, m = self.scenario, self.month
        start, days = self._day(m), self._day(m + 1) - self._day(m)
        rng = {name: np.random.default_rng([self.seed, m, k]) for k, name in enumerate(_STREAMS)}
        calendar = (s.start.month - 1 + m) % 12 + 1
        campaigns = [
            [x for x in arm.campaigns if not x.calendar_months or calendar in x.calendar_months]
            for arm in d.arms
        ]
        new = self._arrive(d, campaigns[0], rng["arrivals"], start, days)
        c = self._customers
        alive = c["left"] >= start
        # a contract shows who is there; without one the firm knows only who has bought lately
        on_file = alive.copy() if s.setting == "contractual" else c["last_order"] >= m - s.file_months
        on_file[new:] = False  # who joins this month is served from the next on
        held = np.zeros(len(alive), dtype=bool)
        held[d.trial.numbers if d.trial else _NOTHING] = True
        who = np.flatnonzero(alive | on_file)
        segment, tier = c["segment"][who], self._tiers(c["score"][who], on_file[who])
        c["tier"][who] = tier

        def each(
            of, arms=d.arms
        ):  # what customers meet: in a trial those held out the second, the others the first
            return of(arms[0]) if len(arms) == 1 else np.where(held[who], of(arms[1]), of(arms[0]))

        def by_group(values, default=0.0):
            table = np.full((len(s.segments), len(s.tiers)), values.get("all", default))
            for k, name in enumerate(s.segments):
                table[k] = values.get(name, table[k])
            for k, name in enumerate(s.tiers):
                table[:, k] = values.get(name, table[:, k])
            return table[segment, tier]

        def lever(name, default=0.0):
            return each(lambda arm: by_group(getattr(arm, name) or {}, default))

        kind = each(
            lambda arm: by_group({g: TYPES.index(name) for g, name in arm.relationship.items()})
        ).astype(int)
        return SimpleNamespace(
            start=start,
            days=days,
            rng=rng,
            season=s.seasonality[calendar - 1],
            campaigns=campaigns,
            who=who,
            tier=tier,
            newcomer=who >= new,
            alive=alive[who],
            on_file=on_file[who],
            each=each,
            by_group=by_group,
            lever=lever,
            chance=lambda purpose: rng[purpose].random(len(alive))[who],
            file_mean=lambda values: np.average(values, weights=on_file[who]) if on_file.any() else 0.0,
            t={name: values[who].astype(float) for name, values in c.items() if values.dtype == np.float32},
            type={
                f.name: np.array([getattr(s.types[x], f.name) for x in TYPES])[kind]
                for f in fields(RelationshipType)
            },
        )

    def _approach(self, now: SimpleNamespace, d: Decision) -> None:
        """Contacts, and the campaigns' messages and discounts, with their control groups."""
        s, t, who = self.scenario, now.t, now.who
        planned = now.type["contacts_per_month"]
        own = now.lever("contacts", np.nan)
        planned = np.where(np.isnan(own), planned, own) * now.on_file

        def dose_of(spell):  # what the policy makes of one contact planned
            arm, since = spell
            if arm.contact_policy == "by_value":
                brought = np.maximum(
                    t["score"], 0
                )  # who was sold to below cost is worth no less than nothing
                good = np.minimum(brought / max(now.file_mean(brought), 1e-9), 4) + 0.2
                return good / max(now.file_mean(good), 1e-9)
            if arm.contact_policy == "equal":
                return np.ones(len(who))
            # one arm a customer for as long as the decision stands
            lot = np.random.default_rng([self.seed, since, len(_STREAMS)]).random(
                len(self._customers["left"])
            )
            return _ARMS[(lot[who] * len(_ARMS)).astype(int)]

        dose, policy = (
            now.each(dose_of, self._spells),
            now.each(lambda arm: POLICIES.index(arm.contact_policy)),
        )
        now.contacts = np.floor(planned * dose + now.chance("contacts"))
        now.contact_cost = np.rint(now.contacts * now.type["cost_per_contact"] * 100)
        noted = (now.contacts > 0) | ((planned > 0) & (policy == POLICIES.index("randomised")))
        date = now.start + (7 * who + 11 * self.month) % 28
        self._write_contacts(
            self._programme("relationship"),
            policy,
            who,
            noted,
            dose == 0,
            now.contacts,
            now.contact_cost,
            date,
        )
        now.discount, now.messages, now.message_cost = np.zeros((3, len(who)))
        for pair in zip_longest(*now.campaigns):  # in a trial the second is for those held out
            pair = [x or replace(next(filter(None, pair)), groups=()) for x in pair]
            target = now.on_file & (now.each(lambda x: now.by_group(dict.fromkeys(x.groups, 1.0)), pair) > 0)
            held = target & (now.chance("campaigns") < now.each(lambda x: x.control_share, pair))
            treated = target & ~held
            now.discount = np.maximum(now.discount, now.each(lambda x: x.discount, pair) * treated)
            sent = now.each(lambda x: np.rint(x.contacts), pair) * treated
            cost = np.rint(sent * s.message_cost * 100)
            now.messages, now.message_cost = now.messages + sent, now.message_cost + cost
            self._write_contacts(
                now.each(lambda x: self._programme(x.name), pair),
                policy,
                who,
                target,
                held,
                sent,
                cost,
                np.full(len(who), now.start + 4),
            )

    def _answer(self, now: SimpleNamespace, d: Decision) -> None:
        """What moves the customer: contact, price, programmes and satisfaction; and who leaves on which day."""
        s, t = self.scenario, now.t
        drift = np.exp(-s.taste_drift * self.month)
        tolerance = t["contact_tolerance"] * drift
        felt = now.contacts + s.message_weight * now.messages
        now.pressure = s.carryover * t["pressure"] + (1 - s.carryover) * felt
        now.excess = np.clip(now.pressure / tolerance - 1, 0, 2)
        answer = response(
            now.pressure,
            need=t["contact_need"] * drift,
            tolerance=tolerance,
            annoyance=s.annoyance,
            shape=s.response_shape,
        )
        now.rebate, now.social, now.structural = map(now.lever, ("financial", "social", "structural"))
        self._rebate_months = self._rebate_months + 1 if now.rebate.any() else 0
        novelty = 0.5 ** (self._rebate_months / s.imitation_half_life_months)
        now.club = t["social_need"] * now.social * (1 - s.social_dilution * now.file_mean(now.social))
        members = np.bincount(now.tier[now.on_file], minlength=len(s.tiers))
        heads = dict(
            zip(s.tiers, np.maximum(members, 1))
        )  # of the whole tier, so that a trial shows the full roll-out
        now.care_cost = now.on_file * now.each(
            lambda arm: now.by_group({name: arm.care.get(name, 0) / heads[name] for name in heads})
        )
        now.care = t["care_gain"] * (1 - np.exp(-now.care_cost / s.care_scale))
        warmth = now.type["contact_strength"] * t["contact_gain"] * answer + now.club + now.care
        warmth += s.purchase_response * (t["state"] - t["satisfaction"])
        now.listed = now.each(lambda arm: arm.price) * np.ones(len(now.who))  # times the list price
        now.price = now.listed * (1 - now.discount)
        cheaper = -np.log(now.price)
        cheaper *= np.where(
            cheaper < 0, s.loss_aversion, 1
        )  # a rise is felt more (Hardie, Johnson & Fader 1993)
        thrift = t["price_sensitivity"] * (cheaper + s.rebate_perceived * novelty * now.rebate)
        now.pull = np.clip(warmth + thrift, -3, 1.2)
        now.bond = t["bond"] + 0.1 * (now.structural * t["structural_need"] - t["bond"])
        now.free = (1 - t["switching_cost"]) * (
            1 - now.bond
        )  # share of the reasons to leave that nothing holds back
        loyalty = np.clip(warmth + thrift * (s.setting == "contractual"), -3, 1.5)
        hazard = t["lapse_per_month"] * np.exp(-s.lapse_response * loyalty) * now.free / _DAYS
        now.since = np.maximum(self._customers["joined"][now.who] - now.start, 0).astype(float)
        with np.errstate(divide="ignore"):
            now.until = np.minimum(now.since - np.log1p(-now.chance("lapse")) / hazard, now.days)
        now.stays = now.alive & (now.until >= now.days)
        left = now.alive & ~now.stays
        self._customers["left"][now.who[left]] = now.start + now.until[left].astype(int)
        now.span = np.where(now.alive, now.until - now.since, 0)  # days of the month as a customer

    def _trade(self, now: SimpleNamespace, d: Decision) -> None:
        """What is bought until then: orders with date, quantity, price and cost."""
        s, c, t, who, luck = self.scenario, self._customers, now.t, now.who, now.rng["orders"]
        if s.setting == "contractual":  # one bill a month, on the day of joining
            bill = np.minimum(c["bill_day"][who], 27)
            count = (now.alive & ~now.newcomer & (now.until > bill)).astype(np.int32)
        else:
            stocked = np.maximum(1 - s.pull_forward * t["stocked"], 0.2)
            rate = t["purchases_per_month"] / _DAYS * np.exp(now.pull) * now.season * stocked
            count = poisson(now.chance("counts"), np.minimum(rate * now.span, 400))
        trial = now.newcomer & (c["source"][who] > 0)  # newcomers buy on the day they join
        buyer = np.concatenate([np.repeat(np.arange(len(who)), count), np.flatnonzero(trial)])
        first = np.arange(len(buyer)) >= count.sum()
        within = luck.random(len(buyer)) * now.span[buyer]
        day = now.since[buyer] + np.where(first, 0, within)
        if s.setting == "contractual":
            day = np.where(first, day, bill[buyer])
        off = np.where(first, c["offer"][who[buyer]], now.discount[buyer])
        now.amount, now.margin = self._write_orders(
            now.listed, who, t, buyer, now.start + day.astype(int), off, luck
        )
        now.made = count + trial

    def _settle(self, now: SimpleNamespace, d: Decision) -> None:
        """What went wrong and who complained, satisfaction, referrals, the survey, and the month's costs."""
        s, c, t, who, start = self.scenario, self._customers, now.t, now.who, now.start
        luck, fails = now.rng["orders"], now.chance("failures")
        quality, repair = (
            now.each(lambda arm: arm.service_quality),
            now.each(lambda arm: arm.complaint_handling),
        )
        wrong = 1 - (1 - s.failure_rate * (1 - 0.8 * quality)) ** now.made
        heard = fails < wrong * now.type["heard_share"]
        resolved = fails < wrong * now.type["heard_share"] * repair
        harm = [
            -s.recovery_bonus,
            1.5 * s.failure_drop,
            s.failure_drop,
        ]  # put right; heard and not; never heard
        complaint_cost = heard * np.rint(s.complaint_cost * 100 * np.where(resolved, 0.5 + repair, 0.2))
        k = np.flatnonzero(heard)
        date = start + (now.since[k] + luck.random(len(k)) * now.span[k]).astype(int)
        self._write("complaints", customer_id=who[k], date=date, resolved=resolved[k], cost=complaint_cost[k])
        aim = (
            t["satisfaction"]
            + s.quality_gain * (quality - 0.5)
            + now.club
            + 0.5 * now.care
            + 0.3 * now.bond
            - 0.15 * s.annoyance * now.excess
        )
        state = (
            t["state"]
            + s.satisfaction_speed * (aim - t["state"])
            - np.select([resolved, heard, fails < wrong], harm, 0.0)
            + s.satisfaction_noise * now.rng["noise"].standard_normal(len(c["left"]))[who]
        )
        serve = np.rint(now.made * t["cost_to_serve"] * 100).astype(np.int64)
        c["served"][who] += serve
        c["last_order"][who[now.made > 0]] = self.month
        remembered = {
            "state": np.clip(state, 0, 1),
            "pressure": now.pressure,
            "bond": now.bond,
            "score": 0.9 * t["score"] + 0.1 * now.margin,
            "stocked": np.maximum(1 - now.price ** t["price_sensitivity"], 0),
        }
        for name, values in remembered.items():
            c[name][who] = values
        tells = 1 - np.exp(-t["referrals_per_year"] / 12 * np.exp(4 * (t["state"] - 0.6)))
        self._referrers = who[now.stays & (now.chance("referrals") < tells)]
        asked = now.on_file & now.stays & (now.chance("surveys") < s.survey_share)
        self._ask(who[asked], t["state"][asked], now.free[asked], now.rng["surveys"], start)
        per_head = 100 * now.on_file
        spent = {  # cents a customer
            "contacts": now.contact_cost,
            "relationship_programme": per_head * now.type["cost_per_month"],
            "campaigns": now.message_cost,
            "financial": np.rint(now.rebate * now.amount),
            "social": per_head * now.social**2 * s.social_cost,
            "care": 100 * now.care_cost,
            "structural": per_head * now.structural**2 * s.structural_cost,
            "service_quality": per_head * now.each(lambda arm: arm.service_quality**2) * s.quality_cost,
            "complaints": complaint_cost,
            "cost_to_serve": serve,
        }
        table = np.zeros((len(_ITEMS), len(s.tiers) + 1))
        for name, each in spent.items():
            table[_ITEMS.index(name), :-1] = np.bincount(now.tier, weights=each, minlength=len(s.tiers))
        table[_ITEMS.index("acquisition"), -1] = 100 * d.acquisition_budget
        table[_ITEMS.index("fixed_cost"), -1] = 100 * s.fixed_cost
        item, tier = np.nonzero(table >= 0.5)
        self._write(
            "costs", month=np.full(len(item), start), item=item, tier=tier, amount=np.rint(table[item, tier])
        )

    def _arrive(self, d: Decision, campaigns, rng, start: int, days: int) -> int:
        """Add the customers who join this month; the number of the first of them."""
        s, m, known = self.scenario, self.month, len(self._customers["left"])
        spread, offer = max(s.arrival_months, 1), max([x.newcomer_discount for x in campaigns], default=0.0)
        launched = s.customers // spread * (m < spread) + s.customers % spread * (m == 0)
        reach = max(s.acquisition_cost * s.acquisition_cap, 1e-9)
        won = s.acquisition_per_month * (m > 0) + s.acquisition_cap * (
            1 - np.exp(-d.acquisition_budget / reach)
        )
        # an offer uses up those whom it tempts: there are only so many bargain hunters, and others grow up in a year
        taken = (1 - np.exp(-5 * offer)) * self._hunters
        self._hunters = min(1.0, self._hunters - taken + 1 / 12)
        tempted = s.promotion_customers * taken
        # newcomers mind the price as customers do: else a firm could live on them at any price
        minded = sum(group.customer_share * group.price_sensitivity for group in s.segments.values())
        demand = np.exp(np.clip(-np.log(d.price) * minded * (s.loss_aversion if d.price > 1 else 1), -3, 1.2))
        sent = self._referrers if demand >= 1 else self._referrers[rng.random(len(self._referrers)) < demand]
        counts = [launched, rng.poisson(won * demand), rng.poisson(tempted * demand), len(sent)]
        source = np.repeat([1 if s.arrival_months else 0, 2, 3, 4], counts).astype(np.int8)
        n, referred, tempted = len(source), source == 4, source == 3
        segment = _draw(rng, n, [group.customer_share for group in s.segments.values()])
        by = np.full(n, -1)
        by[referred] = sent
        if known:  # like refers like
            segment[referred] = self._customers["segment"][sent]
        joined = start + (rng.random(n) * days).astype(int)
        joined[source == 0] = -1 - (rng.random((source == 0).sum()) * 1095).astype(int)
        traits = draw_traits(s, segment, rng)
        traits["lapse_per_month"][tempted] *= np.float32(s.promotion_lapse)
        traits["price_sensitivity"][tempted] *= np.float32(s.promotion_sensitivity)
        # customers from before the start have earlier books: the margin of a year that the firm remembers
        year = (
            rng.poisson(12 * traits["purchases_per_month"].astype(float))
            if s.setting == "noncontractual"
            else 12
        )
        score = (
            year
            / 12
            * traits["unit_price"]
            * traits["units_per_order"]
            * traits["margin_rate"]
            * (source == 0)
        )
        zero = np.zeros(n, dtype=np.float32)
        added = traits | {
            "state": traits["satisfaction"],
            "pressure": zero,
            "bond": zero,
            "stocked": zero,
            "score": score.astype(np.float32),
            "offer": (tempted * offer).astype(np.float32),
            "segment": segment,
            "source": source,
            "tier": np.full(n, len(s.tiers) - 1, dtype=np.int8),
            "channel": _draw(rng, n, [*s.channels.values()]),
            "referred_by": by,
            "joined": joined.astype(np.int32),
            "bill_day": (joined % 28).astype(np.int8),
            "left": np.full(n, _NEVER, dtype=np.int32),
            "last_order": np.full(n, m, dtype=np.int32),
            "served": np.zeros(n, dtype=np.int64),
        }
        self._customers = {
            name: np.concatenate([self._customers.get(name, values[:0]), values])
            for name, values in added.items()
        }  # a copy even at the start: no two share memory
        return known + int((source == 0).sum())

    # ---- the books -------------------------------------------------------------------------------------------------

    def _write(self, ledger: str, **columns) -> None:
        stored = {x: values.astype(_STORED.get(x, np.int32)) for x, values in columns.items()}
        self._books[ledger].append((self.month, stored))

    def _programme(self, name: str) -> int:
        if name not in self._programmes:
            self._programmes = (*self._programmes, name)
        return self._programmes.index(name)

    def _write_contacts(self, programme, policy, who, noted, held, contacts, cost, date) -> None:
        k = np.flatnonzero(noted)
        programme, policy = (np.broadcast_to(codes, len(who))[k] for codes in (programme, policy))
        self._write(
            "contacts",
            customer_id=who[k],
            date=date[k],
            policy=policy,
            arm=held[k],
            programme=programme,
            contacts=contacts[k],
            cost=cost[k],
        )

    def _write_orders(self, price, who, t, buyer, date, discount, luck) -> tuple[np.ndarray, np.ndarray]:
        """One row an order; amount and margin of the month per customer (cents, currency)."""
        order = np.argsort(date, kind="stable")
        buyer, date, discount = buyer[order], date[order], discount[order]
        noise = np.exp(self.scenario.price_noise * luck.standard_normal(len(buyer))) * 100
        listed = t["unit_price"][buyer] * noise
        quantity = 1 + luck.poisson(t["units_per_order"][buyer] - 1)
        amount = np.maximum(np.rint(listed * price[buyer] * (1 - discount)), 1) * quantity
        unit_cost = np.rint(listed * (1 - t["margin_rate"][buyer]))
        number, channel = self._orders + 1 + np.arange(len(buyer)), self._customers["channel"][who[buyer]]
        self._write(
            "transactions",
            customer_id=who[buyer],
            date=date,
            amount=amount,
            quantity=quantity,
            unit_cost=unit_cost,
            order_id=number,
            channel=channel,
        )
        self._orders += len(buyer)
        margin = np.bincount(buyer, weights=amount - unit_cost * quantity, minlength=len(who)) / 100
        return np.bincount(buyer, weights=amount, minlength=len(who)), margin

    def _ask(self, who, state, stays, rng, start: int) -> None:
        """Answers to the survey: satisfaction, recommendation, and the will to buy again, which a tie may hold too."""
        said = state + 0.08 * rng.standard_normal(len(who))
        will = 0.6 * state + 0.4 * (1 - stays) + 0.12 * rng.standard_normal(len(who))
        self._write(
            "surveys",
            customer_id=who,
            date=start + rng.integers(0, 28, len(who)),
            satisfaction=np.clip(np.rint(1 + 9 * said), 1, 10),
            intention=np.clip(np.rint(1 + 4 * will), 1, 5),
            recommend=np.clip(np.rint(10 * (said - 0.03 + 0.05 * rng.standard_normal(len(who)))), 0, 10),
        )

    def _day(self, month: int) -> int:
        """The first day of a month, counted from the start, which is a first day too."""
        start = np.datetime64(self.scenario.start)
        return int(((start.astype("datetime64[M]") + month).astype("datetime64[D]") - start).astype(int))

    def _tiers(self, score: np.ndarray, on_file: np.ndarray) -> np.ndarray:
        """Place in the pyramid by recent margin, best tier 0; who brings nothing is in the last."""
        last = len(self.scenario.tiers) - 1
        ranked = -np.sort(-score[on_file & (score > 0)])
        bounds = np.ceil(np.cumsum([*self.scenario.tiers.values()])[:-1] * on_file.sum()).astype(int)
        cuts = [ranked[bound - 1] if 0 < bound <= len(ranked) else 0.0 for bound in bounds]
        tier = np.sum([score < cut for cut in cuts], axis=0) if cuts else np.zeros(len(score))
        return np.where(on_file & (score > 0), tier, last).astype(np.int8)


_STORED = {"contacts": np.int16, "resolved": bool}  # of the books; what is not named is np.int32
_STORED |= dict.fromkeys(("amount", "unit_cost", "cost", "order_id"), np.int64)
_STORED |= dict.fromkeys(("channel", "policy", "arm", "programme", "tier", "item"), np.int8)


def _draw(rng, n: int, shares: list[float]) -> np.ndarray:
    """``n`` numbers of groups, drawn by their shares."""
    return rng.choice(len(shares), size=n, p=np.array(shares) / sum(shares)).astype(np.int8)


def replay(scenario: Scenario, rng: np.random.Generator, decisions: Iterable[tuple[Decision, int]]) -> Market:
    """The market that came of these decisions: with the same scenario and an ``rng`` of the same seed, to the cent."""
    market = Market(scenario, rng)
    for decision, months in decisions:
        market.step(decision, months=months)
    return market
