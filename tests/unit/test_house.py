"""The rules of the house, read from the code's own imports and definitions."""
from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "automl_core"
STEPS = ("data", "cleaning", "framing", "search", "explaining", "acting", "reporting")
FOUNDATION = {"errors", "settings", "codec", "registry"}
NOUN_MODULES = {"table", "recipe", "problem", "plan", "explanation", "closer_look", "changes", "action", "action_list", "report",
                "contract", "deployment", "profiling", "metric_names"}
WORDS = ("automl_core.explaining.words", "automl_core.data.words")  # how days, numbers and lists are written, everywhere alike
SOCKETS = ("data.sources", "cleaning.steps", "search.families", "production.drift", "acting.findings")  # a file, a plug-in
WALKING = {"explaining/trees.py"}  # it walks the trees of these two libraries themselves
ALLOWED = {
    **{step: {*FOUNDATION, *STEPS[: index + 1]} for index, step in enumerate(STEPS)},
    "production": {*FOUNDATION, "production", "data", "cleaning", "framing", "search"},
    "store": {*FOUNDATION, "store"},
    "jobs": {*FOUNDATION, "store", "jobs"},
    "samples": {*FOUNDATION, "samples", "data"},
    **{name: {*FOUNDATION} for name in FOUNDATION},
}


def core_files() -> list[Path]:
    return sorted(CORE.rglob("*.py"))


def all_files() -> list[Path]:
    return [*core_files(), *sorted((ROOT / "pages").rglob("*.py")), ROOT / "app.py"]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported_modules(path: Path) -> frozenset[str]:
    """Every module a file imports, those under TYPE_CHECKING left out: they make no arrow at run time."""
    tree = parsed(path)
    hidden = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
              for inner in ast.walk(node)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def file_of(module: str) -> Path | None:
    """The file of a module of ours; None for what is none, such as a name in one."""
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()), None)


@cache
def at_once(path: Path) -> frozenset[Path]:
    """The files of ours that importing a file loads at once, however far below, with the packages they are in."""
    todo, seen = [path], set[Path]()
    while todo:
        here = todo.pop()
        within = here.relative_to(ROOT).parent.parts
        names = [".".join(within[:depth + 1]) for depth in range(len(within))]
        for node in parsed(here).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("automl_core"):
                names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        found = {file for name in names if (file := file_of(name))} - seen - {path}
        seen |= found
        todo += found
    return frozenset(seen)


def room(path: Path) -> str:
    part = path.relative_to(CORE).parts[0]
    return part.removesuffix(".py")


@pytest.mark.parametrize("path", core_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows_point_down(path: Path) -> None:
    here = room(path)
    if here not in ALLOWED:
        return
    rooms = {name.split(".")[1] for name in imported_modules(path) if name.startswith("automl_core.")}
    rooms &= {item.stem if item.suffix == ".py" else item.name for item in CORE.iterdir()}
    assert rooms <= ALLOWED[here], f"{here} must not use {sorted(rooms - ALLOWED[here])}"


@pytest.mark.parametrize("path", core_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_an_import_inside_a_function_saves_something(path: Path) -> None:
    """A module that is loaded with the file anyway is imported at its top. A package gives its names late by itself."""
    late = {node.module for inside in ast.walk(parsed(path)) if isinstance(inside, (ast.FunctionDef, ast.AsyncFunctionDef))
            for node in ast.walk(inside) if isinstance(node, ast.ImportFrom) and node.module}
    assert [name for name in late if (file := file_of(name)) and file.stem != "__init__" and file in at_once(path)] == []


@pytest.mark.parametrize("socket", SOCKETS)
def test_no_step_reaches_into_a_plug_in_of_another(socket: str) -> None:
    """Plug-ins are found by looking into their folder: without one of them the other steps go on."""
    plugins = {f"automl_core.{socket}.{path.stem}" for path in (CORE / socket.replace(".", "/")).glob("*.py")
               if not path.stem.startswith("_")}
    assert plugins
    reaching = {str(path.relative_to(CORE)) for path in core_files()
                if room(path) != socket.split(".")[0] and imported_modules(path) & plugins}
    assert reaching <= WALKING


@pytest.mark.parametrize(
    ("package", "where"),
    [("streamlit", ("app.py", "pages/")), ("fastapi", ("app.py", "automl_core/api.py")),
     ("starlette", ("app.py", "automl_core/api.py", "automl_core/guard.py")), ("sqlalchemy", ("automl_core/store/",))],
)
def test_package_stays_in_its_room(package: str, where: tuple[str, ...]) -> None:
    users = [str(path.relative_to(ROOT)) for path in all_files()
             if any(name.split(".")[0] == package for name in imported_modules(path))]
    assert users
    assert [user for user in users if not user.startswith(where)] == []


@pytest.mark.parametrize("path", [*sorted((ROOT / "pages").rglob("*.py")), CORE / "api.py", CORE / "guard.py",
                                  *sorted(CORE.glob("cli*.py"))], ids=lambda path: str(path.relative_to(ROOT)))
def test_doors_use_workspace_and_nouns_only(path: Path) -> None:
    beyond = set()
    for name in imported_modules(path):
        parts = name.split(".")
        if parts[0] == "automl_core" and len(parts) > 1 and parts[1] in ALLOWED and parts[1] not in FOUNDATION:
            noun = any(part in NOUN_MODULES for part in parts[2:]) or name.startswith(WORDS)
            constant_or_type = len(parts) == 3 and parts[2][:1].isupper()
            entrance = len(parts) == 2 and any(other.startswith(name + ".") for other in imported_modules(path))
            if not (noun or constant_or_type or entrance):
                beyond.add(name)
    if path.name == "cli.py":  # the job process and the worker are started from the command line
        beyond -= {"automl_core.jobs.run_worker", "automl_core.jobs.child", "automl_core.jobs.child.run_child"}
    assert beyond == set()


@pytest.mark.parametrize("path", all_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_sizes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    relative = path.relative_to(ROOT)
    limit = 60 if relative == Path("app.py") else 150 if relative.parts[0] == "pages" and len(relative.parts) == 2 else 400
    assert lines <= limit, f"{lines} lines"
    for node in ast.walk(parsed(path)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or node.lineno) - node.lineno <= 60, f"{node.name} is too long"
            given = [argument for argument in (*node.args.args, *node.args.kwonlyargs) if argument.arg not in ("self", "cls")]
            assert len(given) <= 6, f"{node.name} takes {len(given)} parameters"


def test_broad_excepts_stand_at_two_borders_only() -> None:
    users = {str(path.relative_to(ROOT)) for path in all_files() for node in ast.walk(parsed(path))
             if isinstance(node, ast.ExceptHandler) and (node.type is None or "'Exception'" in ast.dump(node.type))}
    assert users <= {"automl_core/jobs/child.py", "pages/ui/border.py"}


def swallowing(tree: ast.AST) -> list[int]:
    """Lines of handlers of `BaseException`, alone or among others, that do not end by raising again what they caught."""
    return [node.lineno for node in ast.walk(tree)
            if isinstance(node, ast.ExceptHandler) and node.type is not None and "'BaseException'" in ast.dump(node.type)
            and not (isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None)]


@pytest.mark.parametrize(("handler", "lines"), [
    ("except BaseException:\n    pass", [3]), ("except (OSError, BaseException) as error:\n    print(error)", [3]),
    ("except BaseException:\n    if later:\n        raise", [3]), ("except BaseException:\n    stop()\n    raise", []),
    ("except OSError:\n    pass", [])])
def test_one_that_swallows_all_is_seen(handler: str, lines: list[int]) -> None:
    assert swallowing(ast.parse(f"try:\n    go()\n{handler}")) == lines


def test_what_is_caught_of_all_is_raised_again() -> None:
    assert {str(path.relative_to(ROOT)): found for path in all_files() if (found := swallowing(parsed(path)))} == {}


def test_nothing_can_run_code_from_data() -> None:
    banned = {"pickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}
    users = {str(path.relative_to(ROOT)): imported_modules(path) & banned for path in all_files()}
    assert {user: found for user, found in users.items() if found} == {}
    for path in all_files():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                plain = isinstance(node.func, ast.Name)
                assert not (plain and name in ("eval", "exec")), f"{path}: {name}"
                assert name not in ("read_pickle", "read_html", "read_xml"), f"{path}: {name}"
            if isinstance(node, ast.keyword) and node.arg == "unsafe_allow_html":
                raise AssertionError(f"{path}: unsafe_allow_html")


def test_start_is_light() -> None:
    """Scoring and the command line's start import no Streamlit, no shap and no sklearn."""
    import subprocess
    import sys

    code = ("import sys, automl_core.production.scoring, automl_core.production.bundle; "
            "print(sorted({'streamlit', 'shap', 'sklearn', 'interpret', 'fastapi', 'sqlalchemy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
