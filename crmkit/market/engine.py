"""The market itself: one month at a time, all customers at once.

Chance comes from streams numbered by (seed, month, purpose), so a month depends on the state before it and on the
decision and on nothing else: twelve steps of one month are one step of twelve, and two policies meet the same luck.
Traits are kept in 32 bits and reckoned with in 64: a 32-bit exp differs between processors often enough to change a
ledger.
"""

import copy
from collections.abc import Iterable

import numpy as np
import pandas as pd

from ..schema import CrmkitError
from .behaviour import draw_traits, poisson, response
from .decision import POLICIES, TYPES, Decision
from .ledgers import COLUMNS, Ledgers, ids
from .scenario import Scenario

_STREAMS = ("arrivals", "contacts", "campaigns", "lapse", "counts", "orders", "failures", "noise", "referrals", "surveys")
_SOURCES = ("before_start", "launch", "advertising", "promotion", "referral")
_ITEMS = ("contacts", "relationship_programme", "campaigns", "financial", "social", "structural", "service_quality", "complaints", "care",
          "acquisition", "cost_to_serve", "fixed_cost")
_ARMS = np.array([0, 0.5, 1, 1.5, 2])  # of the number of contacts, under the randomised policy
_NEVER = 2**30                          # a day that does not come
_DAYS = 30.4375                         # of the month in which rates are stated


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
        self.scenario, self.month = scenario, 0
        self.seed = int(rng.integers(2**63))
        self.decisions: list[tuple[Decision, int]] = []
        self._books = {name: [] for name in COLUMNS if name != "customers"}
        self._customers: dict[str, np.ndarray] = {}
        self._orders, self._spell, self._rebate_months = 0, 0, 0
        self._programmes: tuple[str, ...] = ("relationship",)
        self._referrers = np.zeros(0, dtype=np.int64)

    def step(self, decision: Decision, *, months: int = 1) -> Ledgers:
        """Run the business for ``months`` under ``decision``; the ledgers of these months.

        Errors: CrmkitError for months that are not a whole number from 1 to 1200, and for a group unknown here.
        """
        if isinstance(months, bool) or not isinstance(months, (int, np.integer)) or not 1 <= months <= 1200:
            raise CrmkitError("market_months", value=months)
        if not isinstance(decision, Decision):
            raise CrmkitError("market_decision", value=type(decision).__name__)
        self.scenario.require_groups(decision)
        first = self.month
        for _ in range(months):
            if not self.decisions or self.decisions[-1][0] != decision:
                self.decisions.append((decision, 0))
                self._spell = self.month
            self._run_month(decision)
            self.decisions[-1] = (decision, self.decisions[-1][1] + 1)
        return self._ledgers(first)

    @property
    def ledgers(self) -> Ledgers:
        """The ledgers from the first month to now."""
        return self._ledgers(0)

    @property
    def truth(self) -> pd.DataFrame:
        """What no ledger holds, a row per customer: ``customer_id``, ``true_alive``, ``true_left`` (the day), traits, state.

        The traits (``true_purchases_per_month``, ``true_contact_tolerance``, …) are in the units of parameters.toml;
        of the state, ``true_state`` is satisfaction now and ``true_bond`` the structural bond, both 0 … 1.
        """
        c = self._customers
        gone = c["left"] < _NEVER
        days = np.datetime64(self.scenario.start) + np.where(gone, c["left"], 0).astype("timedelta64[D]")
        return pd.DataFrame({
            "customer_id": ids(np.arange(len(gone)), "C"), "true_alive": ~gone,
            "true_left": np.where(gone, days, np.datetime64("NaT")).astype("datetime64[us]"),
            **{f"true_{name}": values for name, values in c.items() if values.dtype == np.float32},
        })

    def copy(self) -> "Market":
        """A second market in the same state and with the same luck ahead: what would have happened otherwise."""
        twin = copy.copy(self)
        twin._customers = {name: values.copy() for name, values in self._customers.items()}
        twin._books = {name: list(book) for name, book in self._books.items()}
        twin.decisions = list(self.decisions)
        return twin

    # ---- one month -------------------------------------------------------------------------------------------------

    def _run_month(self, d: Decision) -> None:
        s, m = self.scenario, self.month
        start, end = self._day(m), self._day(m + 1)
        rng = {name: np.random.default_rng([self.seed, m, k]) for k, name in enumerate(_STREAMS)}
        calendar = self._date(m).month
        campaigns = [x for x in d.campaigns if not x.calendar_months or calendar in x.calendar_months]
        new = self._arrive(d, campaigns, rng["arrivals"], start, end)
        c = self._customers
        n = len(c["left"])

        # whom the firm has on file, and who in truth is still there: everything below is about these
        alive = c["left"] >= start
        on_file = alive & (c["joined"] < start) if s.setting == "contractual" else c["last_order"] >= m - s.file_months
        on_file[new:] = False  # who joins this month is served from the next on
        who = np.flatnonzero(alive | on_file)
        alive, on_file = alive[who], on_file[who]
        t = {name: c[name][who].astype(float) for name in c if c[name].dtype == np.float32}
        segment = c["segment"][who]
        tier = self._tiers(c["score"][who], on_file)
        c["tier"][who] = tier

        def lever(values, default=0.0):
            table = np.full((len(s.segments), len(s.tiers)), values.get("all", default))
            for k, name in enumerate(s.segments):
                table[k] = values.get(name, table[k])
            for k, name in enumerate(s.tiers):
                table[:, k] = values.get(name, table[:, k])
            return table[segment, tier]

        def chance(purpose):
            return rng[purpose].random(n)[who]

        # contacts, and the campaigns' messages and discounts
        kind = lever({group: TYPES.index(name) for group, name in d.relationship.items()}).astype(int)
        types = {name: np.array([getattr(s.types[x], name) for x in TYPES])[kind]
                 for name in ("contacts_per_month", "cost_per_contact", "contact_strength", "heard_share", "cost_per_month")}
        planned = types["contacts_per_month"] if d.contacts is None else lever(d.contacts, np.nan)
        planned = np.where(np.isnan(planned), types["contacts_per_month"], planned) * on_file
        arm = np.ones(len(who))
        if d.contact_policy == "by_value":
            arm = np.minimum(t["score"] / max(np.mean(t["score"][on_file]) if on_file.any() else 0, 1e-9), 4) + 0.2
            arm /= max(np.average(arm, weights=on_file) if on_file.any() else 1, 1e-9)
        elif d.contact_policy == "randomised":  # one arm a customer for as long as the decision stands
            arms = np.random.default_rng([self.seed, self._spell, len(_STREAMS)]).random(n)[who]
            arm = _ARMS[(arms * len(_ARMS)).astype(int)]
        contacts = np.floor(planned * arm + chance("contacts"))
        contact_cost = np.rint(contacts * types["cost_per_contact"] * 100)
        noted = (contacts > 0) | ((planned > 0) & (d.contact_policy == "randomised"))
        code = POLICIES.index(d.contact_policy)
        self._write_contacts("relationship", code, who, noted, arm == 0, contacts, contact_cost, start + (7 * who + 11 * m) % 28)
        discount, messages, message_cost = np.zeros((3, len(who)))
        for campaign in campaigns:
            target = on_file & (lever(dict.fromkeys(campaign.groups, 1.0)) > 0)
            held = target & (chance("campaigns") < campaign.control_share)
            treated = target & ~held
            discount = np.where(treated, np.maximum(discount, campaign.discount), discount)
            sent = treated * np.rint(campaign.contacts)
            messages += sent
            cost = np.rint(sent * s.message_cost * 100)
            message_cost += cost
            self._write_contacts(campaign.name, code, who, target, held, sent, cost, np.full(len(who), start + 4))

        # what moves the customer: contact, price, programmes, satisfaction
        drift = np.exp(-s.taste_drift * m)
        pressure = s.carryover * t["pressure"] + (1 - s.carryover) * (contacts + s.message_weight * messages)
        tolerance = t["contact_tolerance"] * drift
        answer = response(pressure, need=t["contact_need"] * drift, tolerance=tolerance, annoyance=s.annoyance, shape=s.response_shape)
        rebate, social, structural = lever(d.financial), lever(d.social), lever(d.structural)
        self._rebate_months = self._rebate_months + 1 if rebate.any() else 0
        novelty = 0.5 ** (self._rebate_months / s.imitation_half_life_months)
        social_effect = t["social_need"] * social * (1 - s.social_dilution * (np.mean(social[on_file]) if on_file.any() else 0))
        members = np.bincount(tier[on_file], minlength=len(s.tiers))
        per_head = lever({name: d.care.get(name, 0) / max(k, 1) for name, k in zip(s.tiers, members)}) * on_file
        care = t["care_gain"] * (1 - np.exp(-per_head / s.care_scale))
        felt = t["state"] - t["satisfaction"]
        warmth = types["contact_strength"] * t["contact_gain"] * answer + social_effect + care
        price = d.price * (1 - discount)
        cheaper = -np.log(price)
        cheaper *= np.where(cheaper < 0, s.loss_aversion, 1)  # a rise is felt more than a cut (Hardie, Johnson & Fader 1993)
        thrift = t["price_sensitivity"] * (cheaper + s.rebate_perceived * novelty * rebate)
        pull = np.clip(warmth + thrift + s.purchase_response * felt, -3, 1.2)
        bond = t["bond"] + 0.1 * (structural * t["structural_need"] - t["bond"])

        # when the customer leaves, if this month, and what is bought until then
        stays = (1 - t["switching_cost"]) * (1 - bond)
        loyalty = warmth + s.purchase_response * felt + (thrift if s.setting == "contractual" else 0)
        hazard = t["lapse_per_month"] * np.exp(-s.lapse_response * np.clip(loyalty, -3, 1.5)) * stays / _DAYS
        since = np.maximum(c["joined"][who] - start, 0).astype(float)  # days of the month before joining
        with np.errstate(divide="ignore"):
            until = np.minimum(since - np.log1p(-chance("lapse")) / hazard, end - start)
        leaves = alive & (until < end - start)
        c["left"][who[leaves]] = start + until[leaves].astype(int)
        span = np.where(alive, until - since, 0)
        if s.setting == "contractual":  # one bill a month, on the day of joining
            bill = np.minimum(c["bill_day"][who], 27)
            count = (alive & (who < new) & (until > bill)).astype(np.int32)
        else:
            season = s.seasonality[calendar - 1]
            stocked = np.maximum(1 - s.pull_forward * t["stocked"], 0.2)
            rate = t["purchases_per_month"] / _DAYS * np.exp(pull) * season * stocked
            count = poisson(chance("counts"), np.minimum(rate * span, 400))
        trial = (who >= new) & (c["source"][who] > 0)
        buyer = np.concatenate([np.repeat(np.arange(len(who)), count), np.flatnonzero(trial)])
        luck = rng["orders"]
        day = since[buyer] + luck.random(len(buyer)) * span[buyer]
        if s.setting == "contractual":
            day = bill[buyer].astype(float)
        first = len(buyer) - int(trial.sum())
        day[first:] = since[buyer[first:]]
        off = discount[buyer]
        off[first:] = c["offer"][who[buyer[first:]]]
        amount, margin = self._write_orders(d.price, who, t, buyer, start + day.astype(int), off, luck)
        made = count + trial

        # what goes wrong, who complains, what is put right
        fails = chance("failures")
        wrong = 1 - (1 - s.failure_rate * (1 - 0.8 * d.service_quality)) ** made
        heard = fails < wrong * types["heard_share"]
        resolved = fails < wrong * types["heard_share"] * d.complaint_handling
        hurt = np.select([resolved, heard, fails < wrong], [-s.recovery_bonus, 1.5 * s.failure_drop, s.failure_drop], 0.0)
        complaint_cost = np.rint(heard * s.complaint_cost * 100 * np.where(resolved, 0.5 + d.complaint_handling, 0.2))
        k = np.flatnonzero(heard)
        self._write("complaints", customer_id=who[k], resolved=resolved[k], cost=complaint_cost[k],
                    date=start + (since[k] + luck.random(len(k)) * span[k]).astype(int))

        # satisfaction, and what next month remembers
        excess = np.clip(pressure / tolerance - 1, 0, 2)
        aim = t["satisfaction"] + s.quality_gain * (d.service_quality - 0.5) + social_effect + 0.5 * care + 0.3 * bond - 0.15 * s.annoyance * excess
        noise = rng["noise"].standard_normal(n)[who]
        state = t["state"] + s.satisfaction_speed * (aim - t["state"]) - hurt + s.satisfaction_noise * noise
        for name, values in {
            "state": np.clip(state, 0, 1), "pressure": pressure, "bond": bond, "score": 0.9 * t["score"] + 0.1 * margin,
            "stocked": np.maximum(1 - price ** t["price_sensitivity"], 0),
        }.items():
            c[name][who] = values
        c["last_order"][who[made > 0]] = m
        serve = np.rint(made * t["cost_to_serve"] * 100).astype(np.int64)
        c["served"][who] += serve
        tells = 1 - np.exp(-t["referrals_per_year"] / 12 * np.exp(4 * (t["state"] - 0.6)))
        self._referrers = who[alive & ~leaves & (chance("referrals") < tells)]
        asked = np.flatnonzero(on_file & alive & ~leaves & (chance("surveys") < s.survey_share))
        self._ask(who[asked], t["state"][asked], stays[asked], rng["surveys"], start)

        # what it all cost, by item and tier
        items = {
            "contacts": contact_cost, "campaigns": message_cost, "financial": np.rint(rebate * amount),
            "social": on_file * social**2 * s.social_cost * 100, "structural": on_file * structural**2 * s.structural_cost * 100,
            "relationship_programme": on_file * types["cost_per_month"] * 100,
            "service_quality": on_file * d.service_quality**2 * s.quality_cost * 100, "complaints": complaint_cost,
            "care": per_head * 100, "cost_to_serve": serve,
        }
        table = [np.bincount(tier, weights=values, minlength=len(s.tiers)) for values in items.values()]
        firm = {"acquisition": d.acquisition_budget, "fixed_cost": s.fixed_cost}
        lines = [(name, k, cents) for name, row in zip(items, table) for k, cents in enumerate(row) if cents >= 0.5]
        lines += [(name, len(s.tiers), cost * 100) for name, cost in firm.items() if cost]
        self._write("costs", month=np.full(len(lines), start), item=[_ITEMS.index(name) for name, _, _ in lines],
                    tier=[k for _, k, _ in lines], amount=np.rint([cents for *_, cents in lines]))
        self.month += 1

    def _arrive(self, d: Decision, campaigns, rng, start: int, end: int) -> int:
        """Add the customers who join this month; the number of the first of them."""
        s, m = self.scenario, self.month
        known = len(self._customers.get("left", ()))
        segments, offer = len(s.segments), max([x.newcomer_discount for x in campaigns], default=0.0)
        launched = s.customers // max(s.arrival_months, 1) if m < max(s.arrival_months, 1) else 0
        launched += s.customers % max(s.arrival_months, 1) if m == 0 else 0
        won = s.acquisition_cap * (1 - np.exp(-d.acquisition_budget / max(s.acquisition_cost * s.acquisition_cap, 1e-9)))
        tempted = s.promotion_customers * (1 - np.exp(-5 * offer))
        counts = [launched, rng.poisson(s.acquisition_per_month * (m > 0) + won), rng.poisson(tempted), len(self._referrers)]
        source = np.repeat([1 if s.arrival_months else 0, 2, 3, 4], counts)
        n = len(source)
        shares = [group.customer_share for group in s.segments.values()]
        segment = rng.choice(segments, size=n, p=np.array(shares) / sum(shares))
        by = np.full(n, -1, dtype=np.int64)
        by[source == 4] = self._referrers
        if known:  # like refers like
            segment[source == 4] = self._customers["segment"][self._referrers]
        joined = start + (rng.random(n) * (end - start)).astype(int)
        joined[source == 0] = -1 - (rng.random((source == 0).sum()) * 1095).astype(int)
        traits = draw_traits(s, segment, rng)
        traits["lapse_per_month"][source == 3] *= np.float32(s.promotion_lapse)
        traits["price_sensitivity"][source == 3] *= np.float32(s.promotion_sensitivity)
        # customers from before the start have earlier books: the margin of a year that the firm remembers
        year = rng.poisson(12 * traits["purchases_per_month"].astype(float)) if s.setting == "noncontractual" else 12
        score = year / 12 * traits["unit_price"] * traits["units_per_order"] * traits["margin_rate"] * (source == 0)
        zero = np.zeros(n, dtype=np.float32)
        added = traits | {
            "state": traits["satisfaction"].copy(), "pressure": zero, "bond": zero, "stocked": zero,
            "score": score.astype(np.float32), "segment": segment.astype(np.int8), "source": source.astype(np.int8),
            "tier": np.full(n, len(s.tiers) - 1, dtype=np.int8), "referred_by": by, "joined": joined.astype(np.int32),
            "channel": rng.choice(len(s.channels), size=n, p=np.array([*s.channels.values()]) / sum(s.channels.values())).astype(np.int8),
            "bill_day": (joined % 28).astype(np.int8), "left": np.full(n, _NEVER, dtype=np.int32),
            "last_order": np.full(n, m, dtype=np.int32), "served": np.zeros(n, dtype=np.int64),
            "offer": np.where(source == 3, offer, 0).astype(np.float32),
        }
        old = self._customers
        self._customers = {name: np.concatenate([old[name], values]) for name, values in added.items()} if old else added
        return known + int((source == 0).sum())

    # ---- the books -------------------------------------------------------------------------------------------------

    def _write(self, ledger: str, **columns) -> None:
        self._books[ledger].append({name: np.asarray(values).astype(_STORED.get(name, np.int32)) for name, values in columns.items()})

    def _write_contacts(self, programme, policy, who, noted, held, contacts, cost, date) -> None:
        if programme not in self._programmes:
            self._programmes = (*self._programmes, programme)
        k = np.flatnonzero(noted)
        self._write("contacts", customer_id=who[k], date=date[k], policy=np.full(len(k), policy), arm=held[k],
                    programme=np.full(len(k), self._programmes.index(programme)), contacts=contacts[k], cost=cost[k])

    def _write_orders(self, price, who, t, buyer, date, discount, luck) -> tuple[np.ndarray, np.ndarray]:
        """One row an order; amount and margin of the month per customer (cents, currency)."""
        order = np.argsort(date, kind="stable")
        buyer, date, discount = buyer[order], date[order], discount[order]
        noise = np.exp(self.scenario.price_noise * luck.standard_normal(len(buyer))) * 100
        listed = t["unit_price"][buyer] * noise
        quantity = 1 + luck.poisson(t["units_per_order"][buyer] - 1)
        amount = np.maximum(np.rint(listed * price * (1 - discount)), 1) * quantity
        unit_cost = np.rint(listed * (1 - t["margin_rate"][buyer]))
        self._write("transactions", customer_id=who[buyer], date=date, amount=amount, quantity=quantity, unit_cost=unit_cost,
                    order_id=self._orders + 1 + np.arange(len(buyer)), channel=self._customers["channel"][who[buyer]])
        self._orders += len(buyer)
        margin = np.bincount(buyer, weights=amount - unit_cost * quantity, minlength=len(who)) / 100
        return np.bincount(buyer, weights=amount, minlength=len(who)), margin

    def _ask(self, who, state, stays, rng, start: int) -> None:
        """Answers to the survey: satisfaction, recommendation, and the will to buy again, which a tie may hold too."""
        said = state + 0.08 * rng.standard_normal(len(who))
        will = 0.6 * state + 0.4 * (1 - stays) + 0.12 * rng.standard_normal(len(who))
        self._write("surveys", customer_id=who, date=start + rng.integers(0, 28, len(who)),
                    satisfaction=np.clip(np.rint(1 + 9 * said), 1, 10), intention=np.clip(np.rint(1 + 4 * will), 1, 5),
                    recommend=np.clip(np.rint(10 * (said - 0.03 + 0.05 * rng.standard_normal(len(who)))), 0, 10))

    def _ledgers(self, first: int) -> Ledgers:
        s, c, since = self.scenario, self._customers, self._day(first)
        books = {}
        for name, columns in COLUMNS.items():
            if name != "customers":
                months = self._books[name][first:] if name != "contacts" else [
                    book for book in self._books[name] if not len(book["date"]) or book["date"][0] >= since]
                books[name] = {column: np.concatenate([month[column] for month in months] or [[]]) for column in columns}
        if c:
            left = c["left"] if s.setting == "contractual" else np.full(len(c["left"]), _NEVER)
            books["customers"] = {"customer_id": np.arange(len(left)), "cost_to_serve": c["served"], "left_on": left.copy(),
                                  **{x: c[x].copy() for x in ("joined", "source", "segment", "tier", "channel", "referred_by")}}
        names = {"source": _SOURCES, "segment": tuple(s.segments), "tier": (*s.tiers, "all"), "channel": tuple(s.channels),
                 "programme": self._programmes, "policy": POLICIES, "arm": ("treated", "control"), "item": _ITEMS}
        return Ledgers(books, names, np.datetime64(s.start))

    def _date(self, month: int) -> pd.Timestamp:
        return pd.Timestamp(self.scenario.start) + pd.DateOffset(months=month)

    def _day(self, month: int) -> int:
        return (self._date(month) - pd.Timestamp(self.scenario.start)).days

    def _tiers(self, score: np.ndarray, on_file: np.ndarray) -> np.ndarray:
        """Place in the pyramid by recent margin, best tier 0; who brings nothing is in the last."""
        last = len(self.scenario.tiers) - 1
        ranked = -np.sort(-score[on_file & (score > 0)])
        bounds = np.ceil(np.cumsum([*self.scenario.tiers.values()])[:-1] * on_file.sum()).astype(int)
        cuts = [ranked[bound - 1] if 0 < bound <= len(ranked) else 0.0 for bound in bounds]
        tier = np.sum([score < cut for cut in cuts], axis=0) if cuts else np.zeros(len(score))
        return np.where(on_file & (score > 0), tier, last).astype(np.int8)


_STORED = {"amount": np.int64, "unit_cost": np.int64, "cost": np.int64, "order_id": np.int64, "contacts": np.int16,
           "channel": np.int8, "resolved": bool, "policy": np.int8, "arm": np.int8, "programme": np.int8, "tier": np.int8,
           "item": np.int8}


def replay(scenario: Scenario, rng: np.random.Generator, decisions: Iterable[tuple[Decision, int]]) -> Market:
    """The market that came of these decisions: with the same scenario and an ``rng`` of the same seed, to the cent."""
    market = Market(scenario, rng)
    for decision, months in decisions:
        market.step(decision, months=months)
    return market
