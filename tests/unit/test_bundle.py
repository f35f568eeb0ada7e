"""The bundle: it scores alone, its files are checked before use, and nothing hostile gets in."""
from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data.schema import label_places
from automl_core.errors import BadInput, Untrusted
from automl_core.framing.metric_rows import MiddleStep
from automl_core.production import load_bundle, write_bundle
from automl_core.production.bundle import _json
from automl_core.production.wheel import build_wheel, scoring_modules, wheel_name
from automl_core.search.families import families, learners
from automl_core.search.features import Block, with_codes
from automl_core.search.letter_lab import fit_letters
from tests.unit.modelling import make_contract, make_frame, make_model
from tests.unit.test_search_letters import source

ALL = ("lightgbm", "catboost", "linear", "extra_trees", "ebm")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model, table = make_model("binary", ALL)
    path = tmp_path_factory.mktemp("bundle") / "model.zip"
    write_bundle(path, model, make_contract(model, table), "# Card", {"run": "r1", "nan": float("nan")})
    return path


def rewrite(path: Path, target: Path, change: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *change}:
            new.writestr(name, change.get(name) if name in change else old.read(name))
    return target


def test_it_predicts_what_the_model_predicts(written: Path) -> None:
    model, _ = make_model("binary", ALL)
    bundle = load_bundle(written)
    frame = make_frame(50, seed=9)
    np.testing.assert_allclose(
        bundle.predict(frame)["probability_Yes"], load_bundle(str(written)).predict(frame)["probability_Yes"], rtol=0)
    typed = make_model("binary", ("linear",))[1]
    np.testing.assert_allclose(bundle.model.predict_frame(typed.frame), model.predict_frame(typed.frame), atol=1e-9)
    assert bundle.facts == {"run": "r1", "nan": None}
    assert bundle.card == "# Card"
    assert bundle.scorer.id_columns == ("customer id",)
    row = frame.to_dict("records")[0]
    assert bundle.predict_row(row)["probability_Yes"] == pytest.approx(bundle.predict(frame)["probability_Yes"][0], abs=1e-9)


@pytest.mark.parametrize("name", sorted(family.name for family in learners() if "binary" in family.tasks))
def test_every_family_can_be_bundled_and_names_what_it_needs(name: str, tmp_path: Path) -> None:
    model, table = make_model("binary", (name,))
    write_bundle(tmp_path / "m.zip", model, make_contract(model, table), "", {})
    again = load_bundle(tmp_path / "m.zip").model
    np.testing.assert_allclose(again.predict_frame(table.frame), model.predict_frame(table.frame), atol=1e-9)
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        needs = [line.split("==")[0] for line in archive.read("requirements.txt").decode().split() if "==" in line]
    assert all(distribution(needed) for needed in needs)  # raises for one that is not installed under that name
    assert len(needs) >= 2 + len(families().get(name).requires)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_survive_storing(task: str, tmp_path: Path) -> None:
    model, table = make_model(task, ("linear", "lightgbm"))
    write_bundle(tmp_path / "m.zip", model, make_contract(model, table), "", {})
    bundle = load_bundle(tmp_path / "m.zip")
    np.testing.assert_allclose(bundle.model.predict_frame(table.frame), model.predict_frame(table.frame), atol=1e-9)
    assert (bundle.model.bands, bundle.model.calibration) == (model.bands, model.calibration)
    assert (bundle.model.bands is not None) == (task == "regression")
    assert (bundle.model.calibration is not None) == (task != "regression")
    assert bundle.model.problem == model.problem
    assert bundle.model.columns == model.columns


def without(path: Path, out: Path, *places: tuple[str, ...]) -> Path:
    """The bundle as one of before these entries of its model were noted."""
    with zipfile.ZipFile(path) as archive:
        manifest, stored = (json.loads(archive.read(name)) for name in ("manifest.json", "model.json"))
    for *inside, name in places:
        part = stored
        for one in inside:
            part = part[one]
        del part[name]
    content = json.dumps(stored).encode()
    manifest["files"]["model.json"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return rewrite(path, out, {"model.json": content, "manifest.json": json.dumps(manifest).encode()})


def test_where_intervals_end_is_kept_and_older_bundles_end_nowhere(tmp_path: Path) -> None:
    model, table = make_model("regression", ("linear",))
    assert model.bands is not None
    bands, path, frame = replace(model.bands, least=0.0, most=300.0), tmp_path / "m.zip", make_frame(200, seed=3)
    write_bundle(path, replace(model, bands=bands), make_contract(model, table), "", {})
    bundle = load_bundle(path)
    assert bundle.model.bands == bands
    answer = bundle.predict(frame)
    assert answer["low"].min() == 0.0
    assert answer["high"].max() <= 300.0
    for place, row in enumerate(frame.head(40).to_dict("records")):
        one = bundle.predict_row(row)
        assert (one["low"], one["high"]) == pytest.approx((answer["low"][place], answer["high"][place]), abs=1e-9)
    old = without(path, tmp_path / "old.zip", ("bands", "least"), ("bands", "most"))
    before = load_bundle(old).predict(frame)
    assert before["low"].min() < 0
    np.testing.assert_array_equal(before["prediction"], answer["prediction"])


def test_factors_of_classes_are_kept_and_older_bundles_have_none(tmp_path: Path) -> None:
    model, table = make_model("multiclass", ("linear",))
    path = tmp_path / "m.zip"
    write_bundle(path, replace(model, factors=(0.5, 1.0, 2.0)), make_contract(model, table), "", {})
    assert load_bundle(path).model.factors == (0.5, 1.0, 2.0)
    old = without(path, tmp_path / "old.zip", ("factors",))
    assert load_bundle(old).model.factors == ()


def test_steps_are_called_by_their_middle_and_those_of_older_bundles_by_the_likeliest(tmp_path: Path) -> None:
    """And a program that knows no such thing refuses the bundle instead of calling rows otherwise."""
    model, table = make_model("multiclass", ("linear",))
    path, steps = tmp_path / "m.zip", replace(model, middle=True, problem=replace(model.problem, ordered=True))
    write_bundle(path, steps, make_contract(model, table), "", {})
    again, shares = load_bundle(path).model, np.array([[0.4, 0.25, 0.35]])
    assert (again.cut, again.called(shares).tolist()) == (MiddleStep(), [1])
    with zipfile.ZipFile(path) as archive:
        manifest, stored = (json.loads(archive.read(name)) for name in ("manifest.json", "model.json"))
    assert manifest["format"] == 5
    del stored["middle"]
    content = json.dumps(stored).encode()
    manifest["format"] = 4
    manifest["files"]["model.json"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    changed = {"model.json": content, "manifest.json": json.dumps(manifest).encode()}
    old = load_bundle(rewrite(path, tmp_path / "old.zip", changed))
    assert old.model.problem.ordered
    assert old.model.called(shares).tolist() == [0]
    scored, chances = old.predict(make_frame()), old.model.predict_frame(table.frame)
    assert scored["prediction"].tolist() == [model.problem.classes[place] for place in chances.argmax(axis=1)]
    write_bundle(path, model, make_contract(model, table), "", {})
    with zipfile.ZipFile(path) as archive:
        assert json.loads(archive.read("manifest.json"))["format"] == 4


def test_a_program_that_knows_no_letters_refuses_a_bundle_with_them(tmp_path: Path) -> None:
    """It would open it, and fail with each row."""
    model, table = make_model("binary", ("linear",))
    given, _ = source()
    coded = fit_letters(given, np.arange(300), 0)
    lettered = replace(model, encoder=with_codes(model.encoder, coded.codes, coded.features))
    write_bundle(tmp_path / "m.zip", lettered, make_contract(model, table), "", {})
    with zipfile.ZipFile(tmp_path / "m.zip") as archive:
        assert json.loads(archive.read("manifest.json"))["format"] == 5
    assert load_bundle(tmp_path / "m.zip").model.encoder.codes


@pytest.mark.parametrize(("marks", "written"), [(0, 4), (True, 6), (2, 7)])
def test_programs_that_read_numbers_inside_texts_otherwise_refuse_a_bundle(marks: int, written: int, tmp_path: Path) -> None:
    """1.234,56 kWh was 123456 to the oldest, and 0,125 l was 125: they would open the model and answer wrongly."""
    model, table = make_model("binary", ("linear",))
    block = Block("note", "number", "text", inner=1, marks=marks)
    there = replace(model, encoder=replace(model.encoder, blocks=(*model.encoder.blocks, block)))
    write_bundle(tmp_path / "model.zip", there, make_contract(model, table), "", {})
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert json.loads(archive.read("manifest.json"))["format"] == written


def test_no_pickle_and_all_hashed(written: Path) -> None:
    with zipfile.ZipFile(written) as archive:
        names = set(archive.namelist())
        listed = json.loads(archive.read("manifest.json"))["files"]
        assert names == {*listed, "manifest.json"}
        assert {"model.json", "encoder.json", "contract.json", "MODEL_CARD.md"} <= names
        assert {"requirements.txt", "predict.py", wheel_name()} <= names
        for name in names:
            assert not name.endswith((".pkl", ".pickle", ".joblib"))
            assert not archive.read(name).startswith(b"\x80\x04")
        needs = archive.read("requirements.txt").decode().split()
    assert [line.split("==")[0] for line in needs] == ["numpy", "pandas", "catboost", "lightgbm", f"./{wheel_name()}"]


def test_what_nobody_reads_is_written_without_lines(written: Path) -> None:
    assert _json({"of": list(range(9))}).count(b"\n") > 9
    assert b"\n" not in _json({"thousands of columns": list(range(200_000))})
    with zipfile.ZipFile(written) as archive:
        assert b"\n" in archive.read("model.json")


def test_a_changed_file_is_refused(written: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(written) as archive:
        text = archive.read("members/0/lightgbm0.txt")
    with pytest.raises(Untrusted, match="was changed"):
        load_bundle(rewrite(written, tmp_path / "a.zip", {"members/0/lightgbm0.txt": text.replace(b"0", b"1")}))
    with pytest.raises(Untrusted, match="other files"):
        load_bundle(rewrite(written, tmp_path / "b.zip", {"extra.py": b"print(1)"}))
    damaged = bytearray(written.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    (tmp_path / "c.zip").write_bytes(damaged)
    with pytest.raises(Untrusted):
        load_bundle(tmp_path / "c.zip")


def load_or_refuse(path: Path) -> str:
    """The sentence a bundle is refused with, or nothing when it loads; any other error goes through."""
    try:
        load_bundle(path)
    except (Untrusted, BadInput) as error:
        return error.message
    return ""


def test_any_flipped_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    """All over the file, and more closely in the zip's own directory at its end, where anything may be claimed."""
    model, table = make_model("binary", ("linear",))
    write_bundle(tmp_path / "m.zip", model, make_contract(model, table), "# Card", {})
    whole, path = (tmp_path / "m.zip").read_bytes(), tmp_path / "flipped.zip"
    directory = int.from_bytes(whole[whole.rindex(b"PK\x05\x06") + 16:][:4], "little")  # its own: the wheel inside has one, too
    places = [*range(0, directory, 250), *range(directory, len(whole), 3)]
    loaded = 0
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF if place % 2 else 0x04
        path.write_bytes(damaged)
        sentence = load_or_refuse(path)
        assert sentence.endswith(".") or not sentence
        loaded += not sentence
    assert loaded < 0.6 * len(places)


def test_a_cut_bundle_is_refused(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        assert load_or_refuse(tmp_path / "cut.zip").endswith(".")


def test_a_bundle_of_the_format_before_is_read_and_a_later_one_is_not(written: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(written) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["format"] == 7  # a forest
    before = rewrite(written, tmp_path / "before.zip", {"manifest.json": json.dumps(manifest | {"format": 3}).encode()})
    assert load_bundle(before).model is not None
    later = rewrite(written, tmp_path / "later.zip", {"manifest.json": json.dumps(manifest | {"format": 8}).encode()})
    with pytest.raises(BadInput, match="another version"):
        load_bundle(later)


def test_a_folder_that_lists_an_impossible_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"format": 1, "files": {"a\\u0000b": {"sha256": "x"}}}')
    with pytest.raises(BadInput):
        load_bundle(tmp_path)


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "a\\evil"])
def test_paths_that_lead_out_are_refused(written: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(Untrusted):
        load_bundle(rewrite(written, tmp_path / "a.zip", {name: b"x"}))


def test_what_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(Untrusted):
        load_bundle(tmp_path / "text.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(BadInput, match="no model bundle"):
        load_bundle(tmp_path / "other.zip")
    with pytest.raises(BadInput):
        load_bundle(tmp_path / "missing.zip")
    for content in (b"[]", b"{}", b"not json", b'{"format": 1, "files": [1]}', b'{"format": 99, "files": {}}'):
        with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
            archive.writestr("manifest.json", content)
        with pytest.raises((Untrusted, BadInput)):
            load_bundle(tmp_path / "odd.zip")


def test_a_bomb_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"0" * 50_000_000)
    with pytest.raises(Untrusted, match="too large"):
        load_bundle(tmp_path / "bomb.zip")


def test_the_wheel_is_the_same_every_time_and_small() -> None:
    first = build_wheel()
    build_wheel.cache_clear()
    assert build_wheel() == first
    names = zipfile.ZipFile(io.BytesIO(first)).namelist()
    rooms = {name.split("/")[1] for name in names if name.startswith("automl_core/") and name.count("/") > 1}
    assert rooms == {"cleaning", "data", "framing", "production", "search"}
    assert "automl_core.search.race" not in scoring_modules()
    assert {"automl_core.search.families.lightgbm", "automl_core.production.row_checks"} <= scoring_modules()


SCRIPT = """
import sys
sys.path.insert(0, {wheel!r})
before = set(sys.modules)
sys.argv = ["predict.py", {source!r}, {target!r}]
import runpy
try:
    runpy.run_path({predict!r}, run_name="__main__")
except SystemExit as end:
    code = end.code
import automl_core
assert ".whl" in automl_core.__file__, automl_core.__file__
loaded = {{name.split(".")[0] for name in sys.modules}}
heavy = {{"streamlit", "shap", "sklearn", "interpret", "plotly", "fastapi", "sqlalchemy", "pyarrow"}} & loaded
print(code, sorted(heavy - {allowed!r}))
"""


def test_predict_py_scores_with_the_wheel_alone(written: Path, tmp_path: Path) -> None:
    """In a fresh interpreter that sees the bundle's wheel instead of this checkout."""
    folder = tmp_path / "unpacked"
    zipfile.ZipFile(written).extractall(folder)
    frame = make_frame(25, seed=11)
    frame["customer id"] = ["=cmd()", " =1+1", "\u200b=1", "＝1", *frame["customer id"][4:]]
    frame.to_csv(tmp_path / "in.csv", index=False)
    script = SCRIPT.format(wheel=str(folder / wheel_name()), source=str(tmp_path / "in.csv"), target=str(tmp_path / "out.csv"),
                           predict=str(folder / "predict.py"), allowed={"sklearn", "pyarrow", "plotly"})
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1)[1].strip() == "[]", done.stdout
    scored = pd.read_csv(tmp_path / "out.csv")
    expected = load_bundle(written).predict(frame)
    np.testing.assert_allclose(scored["probability_Yes"], expected["probability_Yes"], atol=1e-9)
    assert scored["customer id"][:4].tolist() == ["'=cmd()", "' =1+1", "'\u200b=1", "'＝1"]


def test_predict_py_guards_headers_as_exports_do() -> None:
    from automl_core.production.batch import _harmless

    frame = pd.DataFrame({"=id": ["-1+2", None], "probability_+": [0.5, -0.5], "_quality": ["ok", "ok"]})
    safe = _harmless(frame)
    assert list(safe.columns) == ["'=id", "probability_+", "_quality"]
    assert safe["'=id"][0] == "'-1+2"
    assert safe["probability_+"].tolist() == [0.5, -0.5]


def test_predict_py_refuses_in_one_sentence(written: Path, tmp_path: Path) -> None:
    from automl_core.production.batch import main

    folder = tmp_path / "unpacked"
    zipfile.ZipFile(written).extractall(folder)
    assert main(folder, []) == 2
    assert main(folder, ["no such file.csv", str(tmp_path / "out.csv")]) == 2
    (tmp_path / "empty.csv").write_text("")
    assert main(folder, [str(tmp_path / "empty.csv"), str(tmp_path / "out.csv")]) == 2
    (folder / "encoder.json").write_text("{}")
    assert main(folder, [str(tmp_path / "empty.csv"), str(tmp_path / "out.csv")]) == 2
    semicolon = make_frame(4).assign(note="grüße")
    semicolon.to_csv(tmp_path / "semi.csv", index=False, sep=";", encoding="cp1252")
    from automl_core.production.batch import read_csv

    pd.testing.assert_frame_equal(read_csv(tmp_path / "semi.csv"), semicolon.astype("str"), check_dtype=False)
    (tmp_path / "odd.csv").write_text("a,b,b\n1,2,3,\n4,5,6,\n")
    odd = read_csv(tmp_path / "odd.csv")  # lines that end with a delimiter, and two headers alike
    assert odd.columns.tolist() == ["a", "b", "b"]
    assert odd.to_numpy().tolist() == [["1", "2", "3"], ["4", "5", "6"]]
    (tmp_path / "named.csv").write_text("a,b\nfirst,1,2\nsecond,3,4\n")  # rows have names, which have no header
    assert read_csv(tmp_path / "named.csv").to_numpy().tolist() == [["1", "2"], ["3", "4"]]
    (tmp_path / "once.csv").write_text("a,b\n1,no, nothing\n2,yes\n")  # one line has a delimiter in a text
    assert read_csv(tmp_path / "once.csv")["a"].tolist() == ["1", "2"]
    (tmp_path / "long.csv").write_text("a,b\n1," + "x" * 200_000 + "\n")
    assert read_csv(tmp_path / "long.csv").shape == (1, 2)


def test_predict_py_refuses_what_it_cannot_write_and_leaves_no_half(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It scored all rows first, then ended in a traceback and with 1, as if some rows were flagged."""
    from automl_core.production import batch

    model, table = make_model("binary", ("linear",))
    write_bundle(tmp_path / "m.zip", model, make_contract(model, table), "", {})
    zipfile.ZipFile(tmp_path / "m.zip").extractall(tmp_path / "unpacked")
    make_frame(4).to_csv(tmp_path / "in.csv", index=False)
    (tmp_path / "out.csv").write_text("as before")
    (tmp_path / "out.csv").chmod(0o600)

    def run(out: str) -> int:
        return batch.main(tmp_path / "unpacked", [str(tmp_path / "in.csv"), str(tmp_path / out)])

    def fails(*given: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(batch, "read_csv", lambda path: pytest.fail("known before anything is read"))
        assert [run(out) for out in ("", "no folder/out.csv", "in.csv/out.csv")] == [2, 2, 2]
        patch.setattr("os.access", lambda *asked: False)
        assert run("out.csv") == 2
    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "to_csv", fails)
        assert run("out.csv") == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 5
    assert said[-1] == "“out.csv” could not be written: No space left on device. Choose another place."
    assert (tmp_path / "out.csv").read_text() == "as before"
    assert run("out.csv") in (0, 1)
    assert len(pd.read_csv(tmp_path / "out.csv")) == 4
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"m.zip", "unpacked", "in.csv", "out.csv"}
    assert run("in.csv") in (0, 1)  # what was read may be written over


def test_columns_of_one_name_are_found_as_pandas_tells_them_apart() -> None:
    raw = pd.DataFrame([[1, 2, 3]], columns=["age", "age.1", "age.2"])
    assert label_places(raw) == {"age": 0, "age.1": 1, "age.2": 2, "age_2": 1, "age_3": 2}
    assert label_places(pd.DataFrame([[1, 2]], columns=["fee", "v.1"])) == {"fee": 0, "v.1": 1}
    assert label_places(pd.DataFrame([[1, 2, 3]], columns=["age", "age_2", "age.1"]))["age_2"] == 1
