"""Counts what a lake lost, repeated or altered of a Kafka topic, without a line of ticklake's code.

    python audit_kafka.py BOOTSTRAP TOPIC LAKE_DIR CATALOG_DB
    python audit_kafka.py BOOTSTRAP TOPIC glue DATABASE.TABLE

Reads the topic through librdkafka, opens the table by name through pyiceberg's SqlCatalog or its GlueCatalog (then
endpoints and credentials come from the environment of AWS SDKs), parses every record
with Python's json, and compares. Also tells whether the records of each symbol lie in the order of their receive
times. Prints one JSON object.
"""

import json
import sys

import pyarrow as pa
import pyarrow.compute as pc
from confluent_kafka import Consumer, TopicPartition
from pyiceberg.catalog.sql import SqlCatalog

from audit import expected

COLUMNS = ("tape_partition", "tape_offset", "symbol", "ts", "price", "volume", "conditions")
MORE = ("received_at", "redelivered", "defect", "raw")


def consumer_of(bootstrap):
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "audit",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )


def records(consumer, topic, partition):
    """(offset, bytes, received ms, redelivered) of every record that the partition holds now."""
    consumer.assign([TopicPartition(topic, partition, 0)])
    while True:
        for message in consumer.consume(10_000, timeout=1):
            if message.error():
                if message.error().code() == -191:  # the end of the partition
                    return
                raise RuntimeError(message.error())
            headers = dict(message.headers() or [])
            yield message.offset(), message.value() or b"", message.timestamp()[1], "redelivered" in headers


def table_of(catalog_db, lake_dir):
    if lake_dir == "glue":
        from glue_lake import open_table

        table = open_table(catalog_db)
    else:
        catalog = SqlCatalog("ticklake", uri=f"sqlite:///{catalog_db}", warehouse=f"file://{lake_dir}")
        table = catalog.load_table("market.records")
    rows = table.scan(selected_fields=COLUMNS + MORE).to_arrow()
    return rows.sort_by([("tape_partition", "ascending"), ("tape_offset", "ascending")])


def rows_of(table, partition):
    """The rows of one partition as columns; times as microseconds."""
    mine = table.filter(pc.equal(table["tape_partition"], partition))
    micros = {name: mine[name].cast(pa.int64()).to_pylist() for name in ("ts", "received_at")}
    return {name: micros.get(name) or mine[name].to_pylist() for name in COLUMNS + MORE}


def main(bootstrap, topic, lake_dir, catalog_db):
    table = table_of(catalog_db, lake_dir)
    consumer = consumer_of(bootstrap)
    partitions = sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
    found = dict.fromkeys(
        ("records", "landed", "missing", "repeated", "altered", "foreign", "not_yet_landed", "disordered"), 0
    )
    found["landed"] = table.num_rows
    for partition in partitions:
        rows = rows_of(table, partition)
        offsets = rows["tape_offset"]
        landed = offsets[-1] + 1 if offsets else 0
        last = {}
        at = 0
        for offset, data, received, redelivered in records(consumer, topic, partition):
            found["records"] += 1
            want = expected(data, received)
            if want is not None:
                found["disordered"] += received < last.get(want[0], 0)
                last[want[0]] = received
            if offset >= landed:
                found["not_yet_landed"] += 1
                continue
            while at < len(offsets) and offsets[at] < offset:  # a row that no record of the topic explains
                at += 1
                found["foreign"] += 1
            if at == len(offsets) or offsets[at] != offset:
                found["missing"] += 1
                continue
            trade = tuple(rows[name][at] for name in COLUMNS[2:])
            row = (trade if rows["defect"][at] is None else None, rows["received_at"][at])
            row += (rows["redelivered"][at], rows["raw"][at])
            found["altered"] += row != (want, received * 1000, redelivered, None if want is not None else data)
            at += 1
            while at < len(offsets) and offsets[at] == offset:
                at += 1
                found["repeated"] += 1
        found["foreign"] += len(offsets) - at
    found["partitions"] = len(partitions)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
