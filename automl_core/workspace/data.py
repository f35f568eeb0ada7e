"""Use cases of the data step: samples, uploads, types, other tables and joins."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

import pandas as pd

from automl_core import data as data_step
from automl_core.cleaning.recipe import Recipe
from automl_core.codec import from_json
from automl_core.data.source import sources as source_registry
from automl_core.data.table import Column, Kind, ReadLimits, ReadOptions, Role, Table
from automl_core.errors import BadInput, NotFound
from automl_core.workspace.context import (
    Context,
    StoredTable,
    fingerprint,
    give_back_memory,
    open_table,
    store_roles,
    store_table,
)
from automl_core.workspace.opening import read_limits

PREVIEW_ROWS = 1000
NEW_TABLE = "new table"  # the parent of the empty recipe that a new table starts with


@dataclass(frozen=True, slots=True)
class Upload:
    """The bytes a person gave, as kept on disk, and how they were read."""

    file: str
    name: str
    options: ReadOptions


@dataclass(frozen=True)
class Data:
    context: Context

    def upload(self, project_id: str, file_name: str, stream: BinaryIO | bytes, key: str = "main") -> Table:
        """Keep the bytes of a file, read them in a child process and make the table the project's (or another table of it)."""
        kept = self.context.store.write_file(project_id, stream, ".upload", limit_mb=self.context.settings.max_upload_mb)
        return self._read(project_id, Upload(kept.id, file_name, ReadOptions()), key)

    def put(self, project_id: str, table: Table, key: str = "main") -> Table:
        """Keep a table that is in memory already (a sample, a join)."""
        store_table(self.context, project_id, table, key=key)
        self._changed(project_id, key)
        return table

    def table(self, project_id: str) -> Table:
        """The project's table; NotFound while it has none."""
        return open_table(self.context, self.stored(project_id))

    def has_table(self, project_id: str) -> bool:
        return self.context.store.exists(project_id, "table")

    def stored(self, project_id: str) -> StoredTable:
        """The project's table as stored; NotFound while it has none."""
        record = self.context.store.latest(project_id, "table")
        if record is None:
            raise NotFound("This project has no data yet.", "Upload a file or start from a sample.")
        return self.context.noun(StoredTable, record)

    def stored_of(self, record_id: str) -> StoredTable:
        """The stored table of one record, as it was then."""
        return self.context.noun(StoredTable, self.context.store.get(record_id))

    def table_of(self, record_id: str) -> Table:
        """The table of one record, as it was then."""
        return open_table(self.context, self.stored_of(record_id))

    def suffixes(self) -> tuple[str, ...]:
        """The endings of files that can be read, without the dot; content decides when one is opened."""
        endings = [suffix.lstrip(".") for source in source_registry().plugins.values() for suffix in source.suffixes]
        return tuple(dict.fromkeys(endings))

    def preview(self, project_id: str, rows: int = PREVIEW_ROWS) -> pd.DataFrame:
        """The first rows of the table."""
        return self.table(project_id).frame.head(rows)

    def profile(self, project_id: str) -> data_step.Profile:
        """Each column's range, distribution and missing values."""
        stored = self.stored(project_id)
        profile: data_step.Profile = self.context.profiles.get(
            "profile" + fingerprint(stored), lambda: data_step.profile(open_table(self.context, stored)))
        return profile

    def others(self, project_id: str) -> dict[str, Table]:
        """The project's other tables by name, newest version of each."""
        found: dict[str, Table] = {}
        for record in self.context.store.list(project_id, "other_table"):
            stored = from_json(StoredTable, record.body)
            found[stored.key] = open_table(self.context, stored)
        return found

    def retype(self, project_id: str, kinds: dict[str, Kind], roles: dict[str, Role]) -> Table:
        """Change columns' kinds (the file is read again, so that nothing is lost) and roles (a change of use only)."""
        stored = self.stored(project_id)
        table = open_table(self.context, stored)
        for name in (*kinds, *roles):
            table.column(name)
        changed = {name: kind for name, kind in kinds.items() if table.column(name).kind != kind}
        upload = stored.upload
        if changed and upload:
            given = from_json(Upload, self.context.store.get(upload).body)
            options = replace(given.options, kinds={**given.options.kinds, **changed})
            table = self._parse(replace(given, options=options))
            upload = self.context.save("upload", project_id, replace(given, options=options)).id
        elif changed:
            table = data_step.retyped(table, changed)
        columns = tuple(_with_role(column, stored.columns, roles) for column in table.columns)
        table = replace(table, columns=columns)
        if not changed:
            store_roles(self.context, project_id, stored, columns)
            return table
        store_table(self.context, project_id, table, upload=upload)
        self._changed(project_id, "main")
        return table

    def read_again(self, project_id: str, options: ReadOptions) -> Table:
        """Read the uploaded file again with another sheet, encoding, delimiter or header row."""
        stored = self.stored(project_id)
        if not stored.upload:
            raise BadInput("This table did not come from a file.", "Upload a file to choose how it is read.")
        given = from_json(Upload, self.context.store.get(stored.upload).body)
        return self._read(project_id, replace(given, options=options), "main")

    def join(self, project_id: str, other: str, left_key: str, right_key: str) -> data_step.Joined:
        """Add another table's columns, one row a key, to the project's table; rows never multiply."""
        tables = self.others(project_id)
        if other not in tables:
            raise NotFound(f"There is no other table called “{other[:80]}” here.", "Upload it on the data page first.")
        joined = data_step.join(self.table(project_id), tables[other], left_key, right_key)
        self.put(project_id, joined.table)
        return joined

    def limits(self) -> ReadLimits:
        """What reading one file may cost."""
        return read_limits(self.context.settings)

    def _parse(self, upload: Upload) -> Table:
        table = data_step.read_file(self.context.store.file_path(upload.file), upload.name, upload.options, self.limits())
        give_back_memory()
        return table

    def _read(self, project_id: str, upload: Upload, key: str) -> Table:
        table = self._parse(upload)
        record = self.context.save("upload", project_id, upload)
        store_table(self.context, project_id, table, upload=record.id, key=key)
        self._changed(project_id, key)
        return table

    def _changed(self, project_id: str, key: str) -> None:
        """A new main table starts a new recipe: steps learned on another table would not fit."""
        if key == "main" and self.context.store.exists(project_id, "recipe"):
            self.context.save("recipe", project_id, Recipe(), parent_id=NEW_TABLE)
        self.context.store.touch(project_id)


def _with_role(column: Column, before: tuple[Column, ...], roles: dict[str, Role]) -> Column:
    kept = next((old.role for old in before if old.name == column.name and old.kind == column.kind), column.role)
    return replace(column, role=roles.get(column.name, kept))
