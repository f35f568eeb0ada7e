"""Projects: create, list, rename without overwriting somebody else's change, delete for good."""
from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from sqlalchemy import Row, delete, insert, select, update

from automl_core.errors import BadInput, Conflict, NotFound
from automl_core.store.database import Database, new_id, now, when
from automl_core.store.nouns import Project
from automl_core.store.schema import projects

NAME_LENGTH = 120


@dataclass(frozen=True)
class Projects:
    """The table of projects."""

    database: Database

    def create_project(self, name: str) -> Project:
        """A new project; BadInput when the name has nothing to show."""
        created = now()
        row = {"id": new_id("prj"), "name": clean_name(name), "version": 1, "created_at": created, "updated_at": created}
        with self.database.write() as connection:
            connection.execute(insert(projects).values(**row))
        return self.project(str(row["id"]))

    def projects(self) -> tuple[Project, ...]:
        """All projects, the one changed last first."""
        with self.database.read() as connection:
            rows = connection.execute(select(projects).order_by(projects.c.updated_at.desc(), projects.c.seq.desc())).all()
        return tuple(_project(row) for row in rows)

    def project(self, project_id: str) -> Project:
        """One project; NotFound otherwise."""
        with self.database.read() as connection:
            row = connection.execute(select(projects).where(projects.c.id == project_id)).one_or_none()
        if row is None:
            raise NotFound("There is no such project; it may have been deleted.", "Choose one from the list.")
        return _project(row)

    def rename_project(self, project_id: str, name: str, version: int) -> Project:
        """Rename the project as it was at `version`; Conflict when somebody changed it since."""
        change = update(projects).where(projects.c.id == project_id, projects.c.version == version)
        with self.database.write() as connection:
            changed = connection.execute(change.values(name=clean_name(name), version=version + 1, updated_at=now())).rowcount
        project = self.project(project_id)
        if not changed:
            raise Conflict("Somebody else renamed this project in the meantime.", "Reload the page and try again.")
        return project

    def touch(self, project_id: str) -> None:
        """Note that something in the project changed now: it moves to the top of the list."""
        with self.database.write() as connection:
            connection.execute(update(projects).where(projects.c.id == project_id).values(updated_at=now()))

    def delete_project_rows(self, project_id: str) -> None:
        """Delete the project and every row that belongs to it (the database cascades); NotFound when there is none."""
        with self.database.write() as connection:
            gone = connection.execute(delete(projects).where(projects.c.id == project_id)).rowcount
        if not gone:
            raise NotFound("There is no such project; it may have been deleted.", "Choose one from the list.")


def clean_name(name: str) -> str:
    """The name without control characters and lone surrogates, cut to 120 characters; BadInput when nothing is left."""
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in name[: 4 * NAME_LENGTH])
    cleaned = " ".join(kept.split())[:NAME_LENGTH].strip()
    if not cleaned:
        raise BadInput("The project has no name.", "Type one.")
    return cleaned


def _project(row: Row[tuple[object, ...]]) -> Project:
    item = row._mapping
    return Project(item["id"], item["name"], item["version"], when(item["created_at"]), when(item["updated_at"]))
