"""Parquet files: the footer is read first, so that a small file cannot unfold into a large table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from automl_core.data.source import Raw, Source, SourceFile, shown
from automl_core.data.table import Origin
from automl_core.errors import BadInput

_MAX_CELLS: Final = 200_000_000
_HINT: Final = "Write the file again, or save it as CSV."


def read_parquet(file: SourceFile) -> Raw:
    """All columns that hold one value a row; structs become columns; lists, maps and bytes are left out and named."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        reader = pq.ParquetFile(file.path)
        rows, width = reader.metadata.num_rows, len(reader.schema_arrow)
        if rows > file.limits.rows or rows * max(width, 1) > _MAX_CELLS:
            raise BadInput(
                f"{shown(file.name)} has {rows:,} rows, more than can be read here.", "Upload a part of it, or a sample."
            )
        table = reader.read(use_threads=False)
    except (pa.ArrowException, OSError, ValueError):
        raise BadInput(f"{shown(file.name)} is a damaged Parquet file.", _HINT) from None
    warnings: list[str] = []
    columns = list(_flat("", table, warnings))
    frame = pd.DataFrame(dict(enumerate(column for _, column in columns)), index=pd.RangeIndex(rows))
    frame.columns = pd.Index([name for name, _ in columns], dtype=object)
    if not rows:
        warnings.append("The file has columns but no rows.")
    return Raw(frame, Origin(file.name, "parquet"), tuple(warnings))


def _flat(prefix: str, table: Any, warnings: list[str]) -> Iterator[tuple[str, pd.Series[Any]]]:
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        name, column = f"{prefix}{field.name}", table.column(place)
        if pa.types.is_struct(field.type):
            if column.num_chunks == 0:
                continue
            parts = column.combine_chunks().flatten()
            inner = pa.Table.from_arrays(parts, names=[field.type.field(place).name for place in range(field.type.num_fields)])
            yield from _flat(f"{name}.", inner, warnings)
        elif (
            pa.types.is_nested(field.type)
            or pa.types.is_binary(field.type)
            or pa.types.is_large_binary(field.type)
            or pa.types.is_fixed_size_binary(field.type)
        ):
            warnings.append(f"The column {shown(name)} holds lists, maps or bytes, not one value a row, and was left out.")
        else:
            yield name, _series(column, field.type)


def _series(column: Any, kind: Any) -> pd.Series[Any]:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_decimal(kind) and kind.scale == 0:  # whole numbers, such as a database's keys
        try:
            kind = pa.int64()
            column = column.cast(kind)
        except pa.ArrowInvalid:  # longer than 64 bits
            return pd.Series(pd.array(column.cast(pa.large_string()), dtype="str"))
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        if pa.types.is_timestamp(kind) and kind.tz:
            column = column.cast(pa.timestamp("us", tz="UTC"), safe=False)
        column = column.cast(pa.timestamp("us"), safe=False)
    elif pa.types.is_time(kind) or pa.types.is_duration(kind) or pa.types.is_null(kind):
        column = pa.chunked_array(
            [pa.array([None if cell is None else str(cell) for cell in column.to_pylist()], type=pa.large_string())]
        )
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pd.Series(pd.array(column.cast(pa.large_string()), dtype="str"))
    elif pa.types.is_integer(kind) and column.null_count:
        # An object column keeps whole numbers exact beside missing ones.
        return (
            pd.Series(column.to_pylist(), dtype="Int64") if kind != pa.uint64() else pd.Series(column.to_pylist(), dtype=object)
        )
    series: pd.Series[Any] = column.to_pandas()
    return series.reset_index(drop=True)


SOURCE = Source(
    name="parquet",
    title="Parquet",
    suffixes=(".parquet", ".pq"),
    read=read_parquet,
    matches=lambda file: file.head[:4] == b"PAR1",
    package="pyarrow",
)
