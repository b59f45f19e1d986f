"""Clusters beside rules: scikit-learn's own numbers, groups of known truth, and intervals that hold."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, roc_auc_score

from crmkit.core.errors import CrmkitError
from crmkit.customer_pyramid.clusters import (
    adjusted_rand,
    cluster_customers,
    cluster_stability,
    compare_segmentations,
)


def _groups(rng, size=600, apart=1.0):
    """Three kinds of customers: regulars, new ones, those who left; ``apart`` 0 makes one kind of them."""
    kind = rng.integers(0, 3, size)
    days = np.array([8, 20, 250])[(kind * apart).astype(int)] * rng.lognormal(0, 0.2, size)
    times = np.round(np.array([14, 1, 4])[(kind * apart).astype(int)] * rng.lognormal(0, 0.2, size))
    spent = np.array([500, 30, 150])[(kind * apart).astype(int)] * rng.lognormal(0, 0.2, size)
    return pd.DataFrame(
        {
            "customer_id": range(size),
            "days_since_last": days,
            "frequency": times,
            "revenue": spent,
            "kind": kind,
        }
    )


def test_the_adjusted_rand_index_is_scikit_learns():
    rng = np.random.default_rng(1)
    for _ in range(30):
        first = rng.integers(0, rng.integers(1, 8), 60)
        second = np.where(rng.random(60) < 0.6, first, rng.integers(0, 9, 60))
        assert adjusted_rand(first, second) == pytest.approx(adjusted_rand_score(first, second))


def test_the_adjusted_rand_index_of_hubert_and_arabies_kind_worked_by_hand():
    # pairs together: 2 in both, 4 in the first, 3 in the second, of 15; chance 4 · 3 / 15 = 0.8
    first, second = [1, 1, 1, 2, 2, 3], [1, 1, 2, 3, 3, 2]
    assert adjusted_rand(first, second) == pytest.approx((2 - 0.8) / (3.5 - 0.8))
    assert adjusted_rand(["a"] * 4, ["b"] * 4) == 1 and adjusted_rand([1, 2, 3], [3, 1, 2]) == 1


def test_groups_of_known_truth_are_found_again_and_numbered_by_what_they_spend():
    customers = _groups(np.random.default_rng(2))
    found = cluster_customers(customers, clusters=3, rng=np.random.default_rng(3))
    assert adjusted_rand(found["cluster"], customers["kind"]) > 0.95
    assert found.groupby("cluster")["revenue"].mean().is_monotonic_decreasing
    assert "cluster" not in customers


def test_the_distances_within_clusters_are_no_larger_than_scikit_learns():
    customers = _groups(np.random.default_rng(4))
    points = np.log1p(customers[["days_since_last", "frequency", "revenue"]].to_numpy())
    points = (points - points.mean(axis=0)) / points.std(axis=0)
    for clusters in (2, 3, 5):
        best = KMeans(clusters, n_init=10, random_state=0).fit(points).inertia_
        ours = cluster_customers(customers, clusters=clusters, rng=np.random.default_rng(5))["cluster"]
        within = sum(((points[ours == k] - points[ours == k].mean(axis=0)) ** 2).sum() for k in ours.unique())
        assert within <= best * 1.01


def test_units_do_not_change_the_clusters():
    customers = _groups(np.random.default_rng(6))
    cents = customers.assign(revenue=100 * (1 + customers["revenue"]) - 1)  # log(1 + x) moves by a constant
    first, second = (
        cluster_customers(data, clusters=3, rng=np.random.default_rng(7)) for data in (customers, cents)
    )
    assert adjusted_rand(first["cluster"], second["cluster"]) == 1


def test_groups_that_exist_come_back_and_groups_that_do_not_exist_do_not():
    rng = np.random.default_rng(8)
    real = cluster_stability(_groups(rng), clusters=[3], rng=rng)
    none = cluster_stability(_groups(rng, apart=0), clusters=[3], rng=rng)
    for column in ("agreement_other_start", "agreement_other_customers"):
        assert real[column].iloc[0] > none[column].iloc[0]
    assert real["agreement_other_customers"].iloc[0] > 0.95 > 0.8 > none["agreement_other_customers"].iloc[0]


def _later(rng, size):
    """What 0.5, 0.3 and 0.1 of three kinds of customers do later; ``blur`` knows the kind of half of them."""
    kind = rng.integers(0, 3, size)
    blur = np.where(rng.random(size) < 0.5, kind, rng.integers(0, 3, size))
    did = (rng.random(size) < np.array([0.5, 0.3, 0.1])[kind]).astype(int)
    return pd.DataFrame({"kind": kind, "blur": blur, "did": did})


def test_the_area_is_scikit_learns_on_the_half_that_was_not_learnt_from():
    data = _later(np.random.default_rng(9), 4000)
    found = compare_segmentations(
        data, segmentations=["kind", "blur"], outcome="did", rng=np.random.default_rng(10)
    )
    rng = np.random.default_rng(10)
    rng.permutation(len(data))  # the shuffled groups
    learn = rng.permutation(len(data)) < len(data) // 2
    for row in found[found["segmentation"] != "by_chance"].itertuples():
        rates = data[learn].groupby(row.segmentation)["did"].mean()
        judged = data.loc[~learn, row.segmentation].map(rates)
        assert row.auc == pytest.approx(roc_auc_score(data.loc[~learn, "did"], judged))


@pytest.mark.simulated
def test_delongs_intervals_hold_the_true_area_and_the_true_difference_19_times_in_20():
    rates = np.array([0.5, 0.3, 0.1])
    yes, no = rates / rates.sum(), (1 - rates) / (1 - rates).sum()
    higher = np.triu(np.ones((3, 3)), 1)
    true = yes @ higher @ no + (yes * no).sum() / 2
    blurred = (rates + rates.mean()) / 2
    yes, no = blurred / blurred.sum(), (1 - blurred) / (1 - blurred).sum()
    true_blurred = yes @ higher @ no + (yes * no).sum() / 2
    rng = np.random.default_rng(11)
    held, apart = [], []
    for _ in range(200):
        found = compare_segmentations(
            _later(rng, 2000), segmentations=["kind", "blur"], outcome="did", rng=rng
        )
        held.append(found["auc_low"][0] <= true <= found["auc_high"][0])
        apart.append(found["difference_low"][1] <= true_blurred - true <= found["difference_high"][1])
    assert 0.91 <= np.mean(held) <= 0.985 and 0.91 <= np.mean(apart) <= 0.985


def test_shuffled_groups_predict_nothing_and_true_groups_beat_blurred_ones():
    found = compare_segmentations(
        _later(np.random.default_rng(12), 6000),
        segmentations=["kind", "blur"],
        outcome="did",
        rng=np.random.default_rng(13),
    ).set_index("segmentation")
    assert found.loc["by_chance", "auc_low"] < 0.5 < found.loc["by_chance", "auc_high"]
    assert found.loc["blur", "difference_high"] < 0
    assert found.loc["kind", "difference"] == 0 and found.loc["kind", "groups"] == 3


def test_what_is_unfit_is_refused():
    rng = np.random.default_rng(14)
    customers, later = _groups(rng, 50), _later(rng, 200)
    same = customers.assign(days_since_last=1, frequency=1, revenue=1)
    for call, code in [
        (lambda: cluster_customers(customers.drop(columns="revenue"), clusters=2, rng=rng), "columns_needed"),
        (lambda: cluster_customers(customers, clusters=1, rng=rng), "out_of_range"),
        (lambda: cluster_customers(same, clusters=2, rng=rng), "clusters_too_many"),
        (lambda: cluster_customers(pd.concat([customers] * 2), clusters=2, rng=rng), "customer_not_unique"),
        (lambda: cluster_stability(customers, clusters=[2], rng=rng, runs=1), "out_of_range"),
        (lambda: adjusted_rand([1, 2], [1, 2, 3]), "out_of_range"),
        (
            lambda: compare_segmentations(
                later.assign(did=2), segmentations=["kind"], outcome="did", rng=rng
            ),
            "cell_not_a_number",
        ),
        (
            lambda: compare_segmentations(
                later.assign(did=0), segmentations=["kind"], outcome="did", rng=rng
            ),
            "out_of_range",
        ),
    ]:
        with pytest.raises(CrmkitError) as error:
            call()
        assert error.value.code == code, error.value
