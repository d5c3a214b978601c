"""Trades and one-minute bars of a Kafka topic, computed from the written rules, without a line of ticklake's code.

    python bars_of_topic.py BOOTSTRAP TOPIC

Reads the topic through librdkafka: records that are no trades, and those that the feed delivered again (a header says
so), are left out. Knows of condition codes and hours only what is written out below, so it refuses others. Prints
JSON: the trades in the order of partition and offset, and the bars by symbol, session and minute. Sums are exact
(decimal), then rounded to the nearest double.
"""

import datetime
import json
import sys
import zoneinfo
from decimal import Decimal

from audit_kafka import consumer_of, records

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
UTC = datetime.timezone.utc
# Trading days that the records may be of.
DAYS = {datetime.date(2026, 11, 19), datetime.date(2026, 11, 20)}
REGULAR, SWEEP, ODD_LOT, EXTENDED = "1", "8", "12", "24"
KNOWN = {REGULAR, SWEEP, ODD_LOT, EXTENDED}


def trades(bootstrap, topic):
    consumer = consumer_of(bootstrap)
    for partition in sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions):
        for offset, data, _, redelivered in records(consumer, topic, partition):
            try:
                trade = json.loads(data, parse_float=Decimal)
            except ValueError:
                continue
            if redelivered or not isinstance(trade, dict) or "p" not in trade:
                continue
            codes = set(trade["c"] or [])
            if codes - KNOWN:
                raise SystemExit(f"no rule for {codes - KNOWN}")
            yield {
                "symbol": trade["s"],
                "ms": trade["t"],
                "price": Decimal(trade["p"]),
                "volume": Decimal(trade["v"]),
                "codes": codes,
                "conditions": None if trade["c"] is None else ",".join(trade["c"]),
                "partition": partition,
                "offset": offset,
            }


def session_of(trade):
    if ":" in trade["symbol"]:
        return "continuous"
    seconds, ms = divmod(trade["ms"], 1000)
    local = datetime.datetime.fromtimestamp(seconds, UTC).astimezone(NEW_YORK)
    if local.date() not in DAYS:
        raise SystemExit(f"{local.date()} is no day of these")
    time = local.time().replace(microsecond=ms * 1000)
    if EXTENDED not in trade["codes"] and datetime.time(9, 30) <= time < datetime.time(16, 5):
        return "regular"
    return "pre" if time < datetime.time(16, 0) else "post"


def bars(all_trades):
    groups = {}
    for trade in all_trades:
        session = session_of(trade)
        minute = trade["ms"] - trade["ms"] % 60_000
        groups.setdefault((trade["symbol"], session, minute), []).append(trade)
    for (symbol, session, minute), group in sorted(groups.items()):
        group.sort(key=lambda t: (t["ms"], t["partition"], t["offset"]))
        # An odd lot counts for volume alone; so does an extended-hours trade, outside of the sessions that are its own.
        forbidden = {ODD_LOT} if session in ("pre", "post") else {ODD_LOT, EXTENDED}
        priced = [float(t["price"]) for t in group if not t["codes"] & forbidden]
        volume = sum(t["volume"] for t in group)
        turnover = sum(t["price"] * t["volume"] for t in group)
        yield {
            "symbol": symbol,
            "session": session,
            "bucket_ms": minute,
            "open": priced[0] if priced else None,
            "high": max(priced, default=None),
            "low": min(priced, default=None),
            "close": priced[-1] if priced else None,
            "volume": float(volume),
            "trades": len(group),
            "vwap": float(turnover / volume) if volume else None,
        }


def main(bootstrap, topic):
    found = list(trades(bootstrap, topic))
    rows = [
        {
            "symbol": t["symbol"],
            "ms": t["ms"],
            "price": float(t["price"]),
            "volume": float(t["volume"]),
            "conditions": t["conditions"],
            "partition": t["partition"],
            "offset": t["offset"],
        }
        for t in found
    ]
    json.dump({"trades": rows, "bars": list(bars(found))}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
