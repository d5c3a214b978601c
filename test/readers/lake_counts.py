"""What pyiceberg sees of a lake, opened by name: counts, sums and the files that filters plan.

    python lake_counts.py CATALOG_DB SYMBOL FROM TO

Prints one JSON object. FROM and TO are ISO times without a zone.
"""

import json
import sys

import pyarrow.compute as pc
from pyiceberg.catalog.sql import SqlCatalog


def main(catalog_db, symbol, start, end):
    table = SqlCatalog("ticklake", uri=f"sqlite:///{catalog_db}").load_table("market.records")
    day = f"ts >= '{start}' and ts < '{end}'"
    named = f"symbol = '{symbol}'"

    def rows(where):
        return table.scan(row_filter=where).to_arrow()

    def files(where):
        return len(list(table.scan(row_filter=where).plan_files()))

    everything = table.scan().to_arrow()
    print(
        json.dumps(
            {
                "rows": everything.num_rows,
                "price": pc.sum(everything["price"]).as_py(),
                "volume": pc.sum(everything["volume"]).as_py(),
                "offsets": pc.sum(everything["tape_offset"]).as_py(),
                "defects": everything.num_rows - everything["defect"].null_count,
                "dayRows": rows(day).num_rows,
                "symbolRows": rows(named).num_rows,
                "files": len(list(table.scan().plan_files())),
                "dayFiles": files(day),
                "symbolFiles": files(named),
                "sortOrder": table.metadata.default_sort_order_id,
                "docs": all(field.doc for field in table.schema().fields),
                "snapshots": len(table.metadata.snapshots),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
