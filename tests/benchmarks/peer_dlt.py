"""The peer: dlt's rest_api source over the same server, with the settings that serve it best.

`python peer_dlt.py URL FOLDER`, in an environment with `dlt[duckdb,parquet]`; prints seconds and rows as JSON.
"""

import json
import os
import sys
import time

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
    "EXTRACT__WORKERS": "2",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "2",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "100000",
}

import dlt
from dlt.sources.rest_api import rest_api_source


def main(url: str, folder: str) -> None:
    """Load every deal into DuckDB."""
    os.environ["DLT_DATA_DIR"] = folder
    source = rest_api_source(
        {
            "client": {
                "base_url": url,
                "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_param": "after"},
            },
            "resources": [
                {
                    "name": "deals",
                    "endpoint": {
                        "path": "crm/objects/2026-03/deals",
                        "params": {"limit": 100},
                        "data_selector": "results",
                    },
                }
            ],
        },
        max_table_nesting=0,
    )
    pipeline = dlt.pipeline(
        "peer", pipelines_dir=folder, destination=dlt.destinations.duckdb(f"{folder}/peer.duckdb"), dataset_name="crm"
    )
    start = time.perf_counter()
    pipeline.run(source, loader_file_format="parquet")
    took = time.perf_counter() - start
    with pipeline.sql_client() as client:
        rows = client.execute_sql("SELECT count(*) FROM deals")[0][0]
    print(json.dumps({"seconds": took, "rows": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
