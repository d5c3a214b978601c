"""Bars of a TAQ file, computed from the written rules with nothing but the standard library.

    python3 bars.py FILE.csv.gz > bars.json

Prints a JSON array of objects: width ("1m" or "1d"), symbol, session, start (ms; of a day: UTC midnight
of its date), open, high, low, close, volume, trades, vwap. It shares no line and no table with the
product: what it knows of conditions and hours is written out below.
"""

import csv
import datetime
import gzip
import json
import sys
import zoneinfo
from decimal import Decimal

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
UTC = datetime.timezone.utc

# Sale-condition letters of the CTA feed (tapes A and B), by what they forbid.
NO_VOLUME = set("MQ9")
NO_HIGH_LOW = set("BCHIMNQRTUV7")
NO_LAST = NO_HIGH_LOW
ONLY_LAST = set("PZ4L")
FREE = set(" @EFKOX569")
EXTENDED = set("TU")
# 2018, nyse.com: weekdays without a session, and days that close at 13:00.
HOLIDAYS = {"01-01", "01-15", "02-19", "03-30", "05-28", "07-04", "09-03", "11-22", "12-05", "12-25"}
HALF_DAYS = {"07-03", "11-23", "12-24"}


def clock(hour, minute, second=0):
    return datetime.time(hour, minute, second)


def session_of(local, letters):
    if local.year != 2018:
        raise SystemExit(f"no list of holidays for {local.year}")
    day = local.strftime("%m-%d")
    close = 13 if day in HALF_DAYS else 16
    trading = local.weekday() < 5 and day not in HOLIDAYS
    if trading and not letters & EXTENDED and clock(9, 30) <= local.time() < clock(close, 5):
        return "regular"
    return "pre" if local.time() < clock(close, 0) else "post"


def judge(letters, session, local):
    """(counts for volume, for high and low, for last, conditionally for last)"""
    volume = not letters & NO_VOLUME
    priced = letters - EXTENDED if session in ("pre", "post") else letters
    unknown = letters - NO_HIGH_LOW - ONLY_LAST - FREE
    high_low = not priced & NO_HIGH_LOW and not unknown
    last = high_low and not priced & ONLY_LAST
    in_time = "L" not in letters or local.time() < clock(16, 0, 10)
    return volume, high_low, last, high_low and bool(priced & ONLY_LAST) and in_time


def read(path):
    with gzip.open(path, "rt", encoding="latin-1") as file:
        for place, row in enumerate(csv.DictReader(file)):
            if row["CORR"] == "0":
                # To the nearest ms: the file's seconds carry the noise of a double.
                ms = int((Decimal(row["DT"]) * 1000).to_integral_value())
                yield ms, place, row["SYMBOL"], set(row["COND"]), row["PRICE"], row["SIZE"]


def bars(path):
    groups = {}
    for ms, place, symbol, letters, price, size in read(path):
        utc = datetime.datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
        local = utc.astimezone(NEW_YORK)
        session = session_of(local, letters)
        midnight = datetime.datetime.combine(local.date(), clock(0, 0), UTC)
        trade = (ms, place, Decimal(price), Decimal(size), judge(letters, session, local))
        for width, start in (
            ("1m", ms - ms % 60000),
            ("1d", int(midnight.timestamp()) * 1000),
        ):
            groups.setdefault((width, symbol, session, start), []).append(trade)
    for (width, symbol, session, start), trades in sorted(groups.items()):
        trades.sort(key=lambda trade: trade[:2])
        counted = [trade for trade in trades if trade[4][0]]
        ranged = [float(trade[2]) for trade in trades if trade[4][1]]
        ends = [trade for trade in trades if trade[4][2]] or [trade for trade in trades if trade[4][3]]
        volume = sum(trade[3] for trade in counted)
        yield {
            "width": width,
            "symbol": symbol,
            "session": session,
            "start": start,
            "open": float(ends[0][2]) if ends else None,
            "high": max(ranged, default=None),
            "low": min(ranged, default=None),
            "close": float(ends[-1][2]) if ends else None,
            "volume": float(volume),
            "trades": len(counted),
            "vwap": float(sum(t[2] * t[3] for t in counted) / volume) if volume else None,
        }


if __name__ == "__main__":
    json.dump(list(bars(sys.argv[1])), sys.stdout)
