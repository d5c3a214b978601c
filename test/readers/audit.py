"""Counts what a lake lost, repeated or altered, without a line of ticklake's code.

    python audit.py TAPE_DIR LAKE_DIR CATALOG_DB

Reads the tape's SQLite file by itself, opens the table by name through pyiceberg's SqlCatalog, parses every
record with Python's json, and compares. Prints one JSON object.
"""

import json
import math
import sqlite3
import struct
import sys
from collections import Counter
from datetime import datetime, timedelta

from pyiceberg.catalog.sql import SqlCatalog

EPOCH = datetime(1970, 1, 1)
TIME_MIN = 946_684_800_000
DAY = 86_400_000


def tape_records(tape_dir, log):
    """(offset, bytes, received ms, redelivered) of every record that the tape still holds."""
    db = sqlite3.connect(f"file:{tape_dir}/tape.db?mode=ro", uri=True)
    blocks = db.execute(
        f"SELECT first, next, ends, received_ms, redelivered, bytes FROM {log}_block ORDER BY first"
    )
    for first, following, ends, received, redelivered, data in blocks:
        count = following - first
        ends = struct.unpack(f"<{count}I", ends)
        received = struct.unpack(f"<{count}d", received)
        marks = redelivered if redelivered is not None else bytes(count)
        start = 0
        for i in range(count):
            yield first + i, data[start : ends[i]], received[i], marks[i] == 1
            start = ends[i]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def no_constant(name):
    raise ValueError(name)


def expected(data, received):
    """The columns of a trade, or None where the record is no trade."""
    try:
        record = json.loads(data.decode("utf-8"), parse_constant=no_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    symbol, price, time, volume = (record.get(key) for key in "sptv")
    conditions = record.get("c")
    if not (isinstance(symbol, str) and symbol and is_number(price) and is_number(time)):
        return None
    if not is_number(volume) or volume < 0 or time != math.floor(time):
        return None
    if not TIME_MIN <= time <= received + DAY:
        return None
    if conditions is not None:
        if not isinstance(conditions, list) or not all(isinstance(c, str) for c in conditions):
            return None
        conditions = ",".join(conditions) or None
    return symbol, int(time) * 1000, float(price), float(volume), conditions


def micros(value):
    return None if value is None else round((value - EPOCH) / timedelta(microseconds=1))


def lake_rows(catalog_db, lake_dir):
    catalog = SqlCatalog("ticklake", uri=f"sqlite:///{catalog_db}", warehouse=f"file://{lake_dir}")
    table = catalog.load_table("market.records")
    for batch in table.scan().to_arrow().to_batches():
        columns = batch.to_pydict()
        names = ("tape_offset", "symbol", "ts", "price", "volume", "conditions")
        for row in zip(*(columns[n] for n in names + ("received_at", "redelivered", "defect", "raw"))):
            yield row


def main(tape_dir, lake_dir, catalog_db):
    rows = {}
    seen = Counter()
    for offset, symbol, ts, price, volume, conditions, received, redelivered, defect, raw in lake_rows(
        catalog_db, lake_dir
    ):
        seen[offset] += 1
        trade = (symbol, micros(ts), price, volume, conditions) if defect is None else None
        rows[offset] = (trade, micros(received), redelivered, raw)
    landed = max(rows, default=-1) + 1
    missing, altered, trades, on_tape, last = [], [], 0, 0, -1
    for offset, data, received, redelivered in tape_records(tape_dir, "trades"):
        on_tape += 1
        last = offset
        if offset >= landed:
            continue
        row = rows.pop(offset, None)
        if row is None:
            missing.append(offset)
            continue
        want = expected(data, received)
        trades += want is not None
        raw = None if want is not None else data
        if row != (want, math.floor(received * 1000), redelivered, raw):
            altered.append(offset)
    repeated = [offset for offset, times in seen.items() if times > 1]
    print(
        json.dumps(
            {
                "records": on_tape,
                "landed": sum(seen.values()),
                "trades": trades,
                "not_yet_landed": max(0, last + 1 - landed),
                "missing": len(missing),
                "repeated": len(repeated),
                "altered": len(altered),
                "foreign": len(rows),
                "examples": (missing + repeated + altered + list(rows))[:5],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
