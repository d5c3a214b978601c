"""What pyiceberg sees of a table in Glue, opened by name.

    python glue_lake.py DATABASE.TABLE [FILTER ...]

Endpoints and credentials come from the environment of AWS SDKs. A filter is symbol=AAPL, day=2026-11-23, or both
with a comma between. Prints one JSON object.
"""

import hashlib
import json
import math
import os
import sys
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.catalog.glue import GlueCatalog

HASH_DIGITS = 12
HASHED = ("symbol", "ts", "price", "volume", "tape_partition", "tape_offset")


def open_table(name):
    env = os.environ
    properties = {
        "glue.region": env["AWS_REGION"],
        "glue.endpoint": env.get("AWS_ENDPOINT_URL_GLUE"),
        "glue.access-key-id": env.get("AWS_ACCESS_KEY_ID"),
        "glue.secret-access-key": env.get("AWS_SECRET_ACCESS_KEY"),
        "s3.region": env["AWS_REGION"],
        "s3.endpoint": env.get("AWS_ENDPOINT_URL_S3"),
        "s3.access-key-id": env.get("AWS_ACCESS_KEY_ID"),
        "s3.secret-access-key": env.get("AWS_SECRET_ACCESS_KEY"),
        "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
    }
    given = {name: value for name, value in properties.items() if value is not None}
    return GlueCatalog("glue", **given).load_table(name)


def expression(given):
    terms = []
    for term in given.split(","):
        name, value = term.split("=", 1)
        if name == "day":
            following = date.fromisoformat(value) + timedelta(days=1)
            terms.append(f"ts >= '{value}T00:00:00' and ts < '{following}T00:00:00'")
        else:
            terms.append(f"{name} = '{value}'")
    return " and ".join(terms)


def millionths(value):
    return None if value is None else math.floor(value * 1e6 + 0.5)


def checksum(rows):
    """The checksum that test/readers/reading.ts defines."""
    columns = {name: rows[name].to_pylist() for name in HASHED if name != "ts"}
    columns["ts"] = rows["ts"].cast(pa.int64()).to_pylist()
    total = 0
    for symbol, ts, price, volume, partition, offset in zip(*(columns[name] for name in HASHED)):
        parts = (symbol, ts, millionths(price), millionths(volume), partition, offset)
        text = "|".join("" if part is None else str(part) for part in parts)
        total += int(hashlib.md5(text.encode()).hexdigest()[:HASH_DIGITS], 16)
    return total


def main(name, *filters):
    table = open_table(name)
    rows = table.scan().to_arrow()
    planned = {}
    for given in filters:
        scan = table.scan(row_filter=expression(given))
        planned[given] = {"files": len(list(scan.plan_files())), "rows": scan.to_arrow().num_rows}
    snapshot = table.current_snapshot()
    print(
        json.dumps(
            {
                "rows": rows.num_rows,
                "offsets": str(pc.sum(rows["tape_offset"]).as_py() or 0),
                "checksum": str(checksum(rows)),
                "nulls": {column: rows[column].null_count for column in rows.column_names},
                "files": len(list(table.scan().plan_files())),
                "snapshot": "" if snapshot is None else str(snapshot.snapshot_id),
                "planned": planned,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
