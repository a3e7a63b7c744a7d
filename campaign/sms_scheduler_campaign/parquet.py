# pyright: basic, reportMissingTypeStubs=false
"""Parquet files, with pyarrow, which the extra `parquet` brings and which has no types."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

_ROWS = 5_000  # that are in memory at a time


def read_columns(path: Path) -> list[str]:
    """The names of the columns."""
    return list(parquet.read_schema(path).names)


def stream_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows, read some at a time."""
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS):
            yield from batch.to_pylist()


def write_rows(path: Path, columns: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> None:
    """Write rows of the columns that an export has."""
    kinds = dict.fromkeys(("line", "batch", "message_id", "status"), pa.int64()) | {"sms_ids": pa.list_(pa.int64())}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    with parquet.ParquetWriter(path, schema) as writer:
        while some := list(islice(rows, _ROWS)):
            writer.write_table(pa.Table.from_pylist(some, schema=schema))
