"""Everything that must survive: rows in SQLite (or PostgreSQL by URL) and files under random ids. Knows no step."""
from __future__ import annotations

from automl_core.store.nouns import Event, Job, JobState, Key, Link, Newest, Project, Record, Stop, StoredFile, Unique
from automl_core.store.store import Store, open_store

__all__ = ["Event", "Job", "JobState", "Key", "Link", "Newest", "Project", "Record", "Stop", "Store", "StoredFile", "Unique",
           "open_store"]
