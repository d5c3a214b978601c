"""What engines that are not ours see of a lake: DuckDB's iceberg extension and Polars, beside pyiceberg.

    python engines.py CATALOG_DB SYMBOL

Prints one JSON object: for each engine rows, trades, the sum of volumes and offsets, and one symbol's rows.
"""

import json
import sys
from glob import glob
from os.path import dirname

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg
import polars as pl
import pyarrow.compute as pc
from pyiceberg.catalog.sql import SqlCatalog


def of_pyiceberg(table, symbol):
    rows = table.scan().to_arrow()
    return {
        "rows": rows.num_rows,
        "trades": rows["defect"].null_count,
        "volume": pc.sum(rows["volume"]).as_py(),
        "offsets": pc.sum(rows["tape_offset"]).as_py(),
        "symbol": table.scan(row_filter=f"symbol = '{symbol}'").to_arrow().num_rows,
    }


def of_duckdb(table, symbol):
    db = duckdb.connect(config={"allow_unsigned_extensions": "false"})
    for package in (duckdb_extension_avro, duckdb_extension_iceberg):
        (path,) = glob(f"{dirname(package.__file__)}/extensions/v{duckdb.__version__}/*.duckdb_extension")
        db.execute(f"LOAD '{path}'")
    rows, trades, volume, offsets, named = db.execute(
        """
        SELECT count(*), count(*) FILTER (defect IS NULL), sum(volume), sum(tape_offset)::BIGINT,
               count(*) FILTER (symbol = ?)
        FROM iceberg_scan(?)
        """,
        [symbol, table.metadata_location],
    ).fetchone()
    return {"rows": rows, "trades": trades, "volume": volume, "offsets": offsets, "symbol": named}


def of_polars(table, symbol):
    rows = pl.scan_iceberg(table).collect()
    return {
        "rows": rows.height,
        "trades": rows["defect"].null_count(),
        "volume": rows["volume"].sum(),
        "offsets": rows["tape_offset"].sum(),
        "symbol": rows.filter(pl.col("symbol") == symbol).height,
    }


def main(catalog_db, symbol):
    table = SqlCatalog("ticklake", uri=f"sqlite:///{catalog_db}").load_table("market.records")
    engines = {"pyiceberg": of_pyiceberg, "duckdb": of_duckdb, "polars": of_polars}
    print(json.dumps({name: see(table, symbol) for name, see in engines.items()}))


main(*sys.argv[1:])
