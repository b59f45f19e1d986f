"""How the embedded CDNOW files were made. To make them again: python -m coursekit.recipes.cdnow WHEEL [FOLDER].

The source is the wheel of PyPI's lifetimes 0.11.3, which carries Fader and Hardie's two text files as they published
them. Nothing is cleaned: zeros and duplicates stay, because the lesson on data quality needs them.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

import pandas as pd

# dataset -> (text file in the wheel, its sha256, lines of heading, columns as the file has them)
CDNOW_SOURCES = {
    "cdnow": (
        "lifetimes/datasets/CDNOW_master.txt",
        "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
        1,
        ["customer_id", "date", "quantity", "amount"],
    ),
    "cdnow_sample": (  # the second id only numbers the sample's customers from 0001 to 2357
        "lifetimes/datasets/CDNOW_sample.txt",
        "6fae10155c0b0ba363c2c386e30f77990d22328220efd862a5edd1443420d94a",
        0,
        ["customer_id", "sample_id", "date", "quantity", "amount"],
    ),
}


def read_cdnow(wheel: Path, name: str) -> pd.DataFrame:
    """One of the two published text files as a transactions frame: customer_id, date, amount (US$), quantity (CDs)."""
    member, sha256, heading, columns = CDNOW_SOURCES[name]
    content = zipfile.ZipFile(wheel).read(member)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{member} is not the published file that this recipe knows")
    rows = [line.split() for line in content.decode("ascii").splitlines()[heading:] if line.strip()]
    frame = pd.DataFrame(rows, columns=columns)
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"].astype("str"),
            "date": pd.to_datetime(frame["date"], format="%Y%m%d").astype("datetime64[us]"),
            "amount": frame["amount"].astype(float),
            "quantity": frame["quantity"].astype("int64"),
        }
    )


def make_cdnow(wheel: Path, folder: Path) -> list[Path]:
    """Write cdnow.parquet and cdnow_sample.parquet into ``folder``, rows in the published order."""
    made = []
    for name in CDNOW_SOURCES:
        made.append(folder / f"{name}.parquet")
        read_cdnow(wheel, name).to_parquet(made[-1], index=False, compression="zstd")
    return made


if __name__ == "__main__":
    to = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).resolve().parents[2] / "datasets"
    for path in make_cdnow(Path(sys.argv[1]), to):
        print(path, path.stat().st_size)
