"""The bundle: one zip that scores anywhere. Plain formats only, every file hashed, nothing in it is run by opening it."""
from __future__ import annotations

import hashlib
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from automl_core import __version__
from automl_core.cleaning.recipe import Recipe
from automl_core.codec import from_json, to_json
from automl_core.data.table import Column
from automl_core.data.values import UNTIL
from automl_core.errors import BadInput, MissingDependency, Untrusted
from automl_core.framing.problem import Problem
from automl_core.production.contract import Contract, for_model
from automl_core.production.scoring import Scorer
from automl_core.registry import is_installed
from automl_core.search.bands import Bands
from automl_core.search.calibration import Calibration
from automl_core.search.encoder_files import encoder_files, encoder_from_files
from automl_core.search.families import families
from automl_core.search.features import COMMON_LEVELS
from automl_core.search.formula_files import formula_files, formulas_from_files
from automl_core.search.inner_numbers import GROUPS
from automl_core.search.letters import Letters
from automl_core.search.model import Member, Model
from automl_core.search.plan import Score
from automl_core.search.unit import USUAL

MANIFEST = "manifest.json"
FORMAT = 4
READABLE = (3, 4, 5, 6, 7)  # 3: texts without how they are written
# steps of a scale that are called by their middle, which programs that know no such thing would call otherwise, and letters of
# levels, which they would open and then fail with each row
LATER = 5
# numbers learned in a unit of their own, levels beyond those that a family tells apart, and two kinds of mark in numbers inside
# texts, which they would answer wrongly
NEWER = 6
# forests that tell low numbers from missing ones, which they would take for one, and thousands inside texts by their groups
LATEST = 7
MAX_BYTES = 2_000_000_000
MAX_MEMBERS = 500
MAX_RATIO = 200
SMALL = 1_000_000  # files below this size may be packed as tightly as they like
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error)  # what unpacking raises when bytes are not right
MOMENT = (1980, 1, 1, 0, 0, 0)
READ_BY_PEOPLE = 1_000_000  # letters of JSON
PRESSED = 3  # of 9: the most takes three times as long for a twentieth of the bytes
PREDICT = '''"""Score a CSV file: python predict.py in.csv out.csv"""
import sys
from pathlib import Path

from automl_core.production.batch import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent, sys.argv[1:]))
'''


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """An opened bundle. `facts` are plain values about the run it came from, `card` the model card in Markdown."""

    model: Model
    contract: Contract
    facts: dict[str, Any]
    card: str = ""
    scorer: Scorer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scorer", Scorer(self.model, self.contract, id_columns(self.model)))

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One answer a row, in order: see `Scorer.predict`."""
        return self.scorer.predict(frame)

    def predict_row(self, mapping: Mapping[str, Any]) -> dict[str, Any]:
        """One answer by the fast path, equal to `predict`'s."""
        return self.scorer.predict_row(mapping)

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One answer a row of a call: see `Scorer.predict_rows`."""
        return self.scorer.predict_rows(rows)


def id_columns(model: Model) -> tuple[str, ...]:
    """The columns that name a row: they are copied into the answers."""
    roles = model.problem.roles
    return tuple(column.name for column in model.columns
                 if roles.get(column.name, column.role) == "id" and column.name != model.problem.target)


def write_bundle(path: Path, model: Model, contract: Contract, card: str, facts: Mapping[str, Any]) -> None:
    """Write the bundle to `path`, complete or not at all."""
    from automl_core.production.wheel import build_wheel, wheel_name

    files = _model_files(model) | {
        "contract.json": _json(contract), "facts.json": _json(dict(facts)), "MODEL_CARD.md": card.encode(),
        "predict.py": PREDICT.encode(), "requirements.txt": _requirements(model, wheel_name()).encode(),
        wheel_name(): build_wheel(),
    }
    listed = {name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)} for name, content in files.items()}
    manifest = {"format": _format(model), "clarion": __version__, "files": listed}
    aside = path.with_name(path.name + ".part")
    try:
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {MANIFEST: _json(manifest), **files}.items():
                method = zipfile.ZIP_STORED if name.endswith(".npz") else zipfile.ZIP_DEFLATED
                archive.writestr(zipfile.ZipInfo(name, MOMENT), content, method, PRESSED)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _format(model: Model) -> int:
    """The least format whose programs answer as this model does."""
    blocks = model.encoder.blocks
    low = any(getattr(member.native, "lowest", None) is not None for member in model.members)
    if low or any(block.inner and block.marks >= GROUPS for block in blocks):
        return LATEST
    own = any(not getattr(member.native, "unit", USUAL).usual for member in model.members)
    if (own or any(len(block.levels) > COMMON_LEVELS or (block.inner and block.marks) for block in blocks)
            or any(UNTIL in column.reading.date_format for column in model.columns)
            or any("marks" in step.options or UNTIL in str(step.options) for step in model.recipe.steps)):
        return NEWER
    return LATER if model.middle or any(isinstance(code, Letters) for code in model.encoder.codes) else FORMAT


def load_bundle(path: str | Path) -> Bundle:
    """Open a bundle: a zip, or the folder it was unpacked to. All hashes are checked before any file is read.

    Untrusted when a file is not the one that was written, BadInput when this is no bundle, MissingDependency when a library that
    the model needs is not installed.
    """
    place = Path(path)
    files = _read_folder(place) if place.is_dir() else _read_zip(place)
    try:
        return _assemble(files)
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise Untrusted("This bundle does not hold what it should.", "Download it again from the project.") from error


def _json(value: Any) -> bytes:
    plain = to_json(value)
    text = json.dumps(plain, ensure_ascii=False)
    # lines of their own are for people, and take ten times as long: nobody reads what is told of thousands of columns
    return (json.dumps(plain, ensure_ascii=False, indent=1) if len(text) < READ_BY_PEOPLE else text).encode()


def _model_files(model: Model) -> dict[str, bytes]:
    members = [{"family": member.family, "label": member.label, "weight": member.weight, "inputs": member.inputs,
                "logs": member.logs, "scale": member.scale}
               for member in model.members]
    files = {"model.json": _json({
        "problem": model.problem, "columns": model.columns, "cleaned": model.cleaned, "recipe": model.recipe,
        "score": model.score, "threshold": model.threshold, "bands": model.bands, "members": members,
        "calibration": model.calibration, "factors": model.factors, "middle": model.middle,
        "judged_at": model.judged_at,
    })}
    files |= encoder_files(model.encoder) | formula_files(model.formulas)
    for number, member in enumerate(model.members):
        files |= {f"members/{number}/{name}": content for name, content in member.kind.save(member.native).items()}
    return files


def _requirements(model: Model, wheel: str) -> str:
    needed = ["numpy", "pandas", *sorted({name for member in model.members for name in member.kind.requires})]
    return "\n".join([*(pinned(name) for name in needed), f"./{wheel}", ""])


def pinned(name: str) -> str:
    """The installed version of a library, under the name it was installed by: some have a slimmer variant of the same module."""
    try:
        return f"{name}=={version(name)}"
    except PackageNotFoundError:
        variants = packages_distributions().get(name)
        if not variants:
            raise MissingDependency(f"This model needs {name}.", f"Run: pip install {name}") from None
        return f"{variants[0]}=={version(variants[0])}"


def _assemble(files: Mapping[str, bytes]) -> Bundle:
    stored = json.loads(files["model.json"])
    members = []
    for number, item in enumerate(stored["members"]):
        start = f"members/{number}/"
        family = families().get(item["family"])
        if not is_installed(family.package):
            raise MissingDependency(f"This model needs {family.title}.", f"Run: pip install {' '.join(family.requires)}")
        native = family.load({name.removeprefix(start): content for name, content in files.items() if name.startswith(start)})
        members.append(Member(item["family"], item["label"], float(item["weight"]), native, tuple(item["inputs"]),
                              bool(item["logs"]), float(item["scale"])))
    model = Model(
        from_json(Problem, stored["problem"]), _columns(stored["columns"]), _columns(stored["cleaned"]),
        from_json(Recipe, stored["recipe"]), encoder_from_files(files), tuple(members), from_json(Score, stored["score"]),
        float(stored["threshold"]), from_json(Bands, stored["bands"]) if stored["bands"] else None, formulas_from_files(files),
        from_json(Calibration, stored["calibration"]) if stored["calibration"] else None,
        tuple(float(factor) for factor in stored.get("factors", ())), bool(stored.get("middle", False)),
        None if stored.get("judged_at") is None else float(stored["judged_at"]))
    # older ones ask for whatever their search had to choose from
    contract = for_model(from_json(Contract, json.loads(files["contract.json"])), model.sources)
    contract = replace(contract, score=model.score, judged_at=model.judged_at)
    return Bundle(model, contract, json.loads(files["facts.json"]), files["MODEL_CARD.md"].decode())


def _columns(stored: list[Any]) -> tuple[Column, ...]:
    return tuple(from_json(Column, item) for item in stored)


def _read_zip(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            _check_members(infos)
            listed = _manifest(archive.read(MANIFEST))
            names = {info.filename for info in infos}
            if len(names) != len(infos) or names != {*listed, MANIFEST}:
                raise Untrusted("This bundle holds other files than it lists.", "Download it again from the project.")
            return {name: _checked(name, archive.read(name), listed) for name in listed}
    except (*DAMAGE, ValueError, RuntimeError, OverflowError, EOFError) as error:
        raise Untrusted("This bundle is damaged.", "Download it again from the project.") from error
    except KeyError as error:
        raise BadInput("This zip is no model bundle.", "Choose a model.zip that this app wrote.") from error
    except OSError as error:
        raise BadInput("The bundle could not be read.", "Check that the file is there.") from error


def _check_members(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse what would fill memory or reach outside, before anything is unpacked."""
    total = sum(info.file_size for info in infos)
    tight = any(info.file_size > SMALL and info.file_size > MAX_RATIO * max(info.compress_size, 1) for info in infos)
    if len(infos) > MAX_MEMBERS or total > MAX_BYTES or tight:
        raise Untrusted("This zip is too large to be a model bundle.", "Choose a model.zip that this app wrote.")
    for info in infos:
        parts = PurePosixPath(info.filename).parts
        if info.filename.startswith("/") or ".." in parts or "\\" in info.filename or info.flag_bits & 1:
            raise Untrusted("This zip holds a file that no model bundle holds.", "Choose a model.zip that this app wrote.")


def _read_folder(path: Path) -> dict[str, bytes]:
    """Only the files that the manifest lists: others may lie beside them."""
    try:
        listed = _manifest((path / MANIFEST).read_bytes())
        for name in listed:
            if name.startswith("/") or ".." in PurePosixPath(name).parts:
                raise Untrusted("This bundle lists a file outside its folder.", "Unpack it again.")
        return {name: _checked(name, (path / name).read_bytes(), listed) for name in listed}
    except (OSError, ValueError) as error:
        raise BadInput("The unpacked bundle is not complete.", "Unpack model.zip again.") from error


def _manifest(content: bytes) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(content)
        listed: dict[str, dict[str, Any]] = document["files"]
        known = document["format"] in READABLE and all(isinstance(item["sha256"], str) for item in listed.values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Untrusted("This bundle's list of files cannot be read.", "Download it again from the project.") from error
    if not known:
        raise BadInput("This bundle was written by another version.", "Update, or hand the model over again.")
    return listed


def _checked(name: str, content: bytes, listed: Mapping[str, Mapping[str, Any]]) -> bytes:
    if hashlib.sha256(content).hexdigest() != listed[name]["sha256"]:
        raise Untrusted(f"The file “{name[:80]}” of this bundle was changed.", "Download it again from the project.")
    return content
