"""Compressed uploads: unpacked by content into a private folder, with hard limits on size, ratio and number of members."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from automl_core.data.source import shown
from automl_core.errors import BadInput

MAX_BYTES: Final = 1 << 30
FREE_BYTES: Final = 50 << 20
MAX_RATIO: Final = 100
MAX_MEMBERS: Final = 10_000
_BLOCK: Final = 1 << 20
_STREAMS: Final = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))
_OFFICE_MARKS: Final = ("[Content_Types].xml", "mimetype", "xl/workbook.xml", "content.xml")
_SKIPPED: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db")
_HINT: Final = "Unpack it and upload the table itself, or a part of it."


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The file to read; `members` are the names inside an archive and `member` the one that was taken."""

    path: Path
    members: tuple[str, ...] = ()
    member: str = ""


def unpack(path: Path, name: str, folder: Path, wanted: str = "") -> Unpacked:
    """The table behind gz, bz2, xz or zip, written into `folder` under a name of our own; other files as they are."""
    with path.open("rb") as stream:
        head = stream.read(8)
    for magic, opener in _STREAMS:
        if head.startswith(magic):
            with opener(path, "rb") as packed:
                return Unpacked(_copy(packed, folder / "unpacked", path.stat().st_size, name))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _unzip(path, name, folder, wanted)
    return Unpacked(path)


def check_zip(path: Path, name: str) -> list[zipfile.ZipInfo]:
    """The directory of a zip file (also of xlsx and ods), refused when it would unpack to too much. Nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError):
        raise BadInput(f"{shown(name)} is damaged: its archive cannot be opened.", "Save or pack it again.") from None
    size = sum(member.file_size for member in members)
    packed = max(path.stat().st_size, 1)
    if len(members) > MAX_MEMBERS or size > MAX_BYTES or (size > FREE_BYTES and size > MAX_RATIO * packed):
        raise BadInput(
            f"{shown(name)} would unpack to {size / 1e6:,.0f} MB from {packed / 1e6:,.1f} MB, which is refused as unsafe.", _HINT
        )
    return members


def _unzip(path: Path, name: str, folder: Path, wanted: str) -> Unpacked:
    members = check_zip(path, name)
    names = [member.filename for member in members]
    if any(mark in names for mark in _OFFICE_MARKS):
        return Unpacked(path)
    tables = [
        member
        for member in members
        if not member.is_dir() and not member.filename.startswith(_SKIPPED) and not member.filename.endswith(_SKIPPED)
    ]
    if not tables:
        raise BadInput(
            f"{shown(name)} is an archive without a file in it.", "Pack the table into it, or upload the table itself."
        )
    chosen = next((member for member in tables if _label(member) == wanted), tables[0])
    if chosen.flag_bits & 0x1:
        raise BadInput(f"{shown(name)} is protected by a password.", "Unpack it and upload the table itself.")
    try:
        with zipfile.ZipFile(path) as archive, archive.open(chosen) as packed:
            target = _copy(packed, folder / "unpacked", chosen.compress_size, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        raise BadInput(f"{shown(name)} is damaged: its archive cannot be unpacked.", "Pack it again.") from None
    labels = tuple(_label(member) for member in tables) if len(tables) > 1 else ()
    return Unpacked(target, labels, _label(chosen) if labels else "")


def _label(member: zipfile.ZipInfo) -> str:
    """The last part of a member's name: what a person knows it by; never a path to write to."""
    return PurePosixPath(member.filename.replace("\\", "/")).name or member.filename


def _copy(packed: IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile, target: Path, packed_size: int, name: str) -> Path:
    """Unpacks block by block, counting real bytes, whatever the archive says about itself."""
    size = 0
    try:
        with target.open("wb") as out:
            while block := packed.read(_BLOCK):
                size += len(block)
                if size > MAX_BYTES or (size > FREE_BYTES and size > MAX_RATIO * max(packed_size, 1)):
                    raise BadInput(f"{shown(name)} unpacks to more than {size / 1e6:,.0f} MB, which is refused as unsafe.", _HINT)
                out.write(block)
    except (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
        raise BadInput(
            f"{shown(name)} is cut off or damaged: it cannot be unpacked to its end.", "Pack or download it again."
        ) from None
    return target
