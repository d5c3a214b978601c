"""librdkafka through confluent-kafka, as a benchmark beside ticklake's own client.

    python librdkafka.py produce BOOTSTRAP TOPIC TRADES NAME COMPRESSION BATCH_BYTES PAYLOAD_FILE
    python librdkafka.py consume BOOTSTRAP TOPIC TRADES NAME

Prints one JSON object: a row of bench/bench.ts.
"""

import json
import resource
import sys
import time
import uuid

from confluent_kafka import Consumer, Producer, TopicPartition, libversion

BATCH = 1_000
CONSUMED = 10_000


def measured(name, act):
    """What `act`, which answers how many records it did, took."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    rows = act()
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "name": name,
        "rows": rows,
        "seconds": seconds,
        "rowsPerSecond": rows / seconds,
        "cpuSeconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "rssMb": after.ru_maxrss / 1024,
        "note": f"librdkafka {libversion()[0]} from Python",
    }


def produce(bootstrap, topic, trades, name, compression, batch_bytes, payload_file):
    with open(payload_file, "rb") as file:
        values = file.read().splitlines()
    keys = [value[value.index(b'"s":"') + 5 :].split(b'"', 1)[0] for value in values]
    batches = [
        [{"key": key, "value": value} for key, value in zip(keys[at : at + BATCH], values[at : at + BATCH])]
        for at in range(0, len(values), BATCH)
    ]
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": compression,
            "partitioner": "murmur2_random",
            "batch.size": int(batch_bytes),
            "batch.num.messages": 10_000,
            "linger.ms": 5,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    producer.list_topics(topic)  # connected, as the others are when their time begins

    def act():
        done = 0
        while done < trades:
            for batch in batches:
                if done >= trades:
                    break
                send(producer, topic, batch)
                done += len(batch)
        if producer.flush() > 0:
            raise RuntimeError("not all was acknowledged")
        return done

    return measured(name, act)


def send(producer, topic, batch):
    """Waits where the queue is full."""
    left = batch
    while left:
        producer.produce_batch(topic, left)
        left = [message for message in left if message.pop("_error", None) is not None]
        producer.poll(0.01 if left else 0)


def consume(bootstrap, topic, trades, name):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": str(uuid.uuid4()),
            "enable.auto.commit": False,
            # By default it stops asking for a second once 100,000 records wait.
            "queued.min.messages": 1_000_000,
            "fetch.queue.backoff.ms": 5,
        }
    )
    partitions = consumer.list_topics(topic).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])

    def act():
        rows = 0
        while rows < trades:
            rows += len(consumer.consume(CONSUMED, timeout=1))
        return rows

    return measured(name, act)


ACTS = {"produce": produce, "consume": consume}

if __name__ == "__main__":
    act, bootstrap, topic, trades, name, *rest = sys.argv[1:]
    print(json.dumps(ACTS[act](bootstrap, topic, int(trades), name, *rest)))
