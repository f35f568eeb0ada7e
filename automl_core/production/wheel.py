"""The scoring code as a wheel: just the modules that scoring imports, packed the same way every time."""
from __future__ import annotations

import ast
import base64
import hashlib
import io
import pkgutil
import zipfile
from functools import cache
from pathlib import Path

import automl_core

ROOT = "automl_core"
ENTRANCES = (
    "automl_core.production", "automl_core.production.batch", "automl_core.production.bundle", "automl_core.production.scoring",
)
SOCKETS = ("automl_core.search.families", "automl_core.cleaning.steps")  # looked up by name, so no import statement leads to them
MOMENT = (1980, 1, 1, 0, 0, 0)


def wheel_name() -> str:
    """The file name of the scoring wheel of this version."""
    return f"clarion_scoring-{automl_core.__version__}-py3-none-any.whl"


@cache
def build_wheel() -> bytes:
    """The wheel's bytes: the same code gives the same bytes."""
    info = f"clarion_scoring-{automl_core.__version__}.dist-info"
    files = dict(sorted(_sources().items()))
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: clarion-scoring\nVersion: {automl_core.__version__}\n"
        "Summary: Scores with models that Clarion handed over.\nRequires-Python: >=3.11\n"
        "Requires-Dist: numpy\nRequires-Dist: pandas\n").encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: clarion\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    lines = [f"{path},sha256={_digest(content)},{len(content)}" for path, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, MOMENT), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def scoring_modules() -> frozenset[str]:
    """The modules of this project that scoring needs, by the imports in their source."""
    folders = [(name, _path(name).parent) for name in SOCKETS]
    plugins = [f"{name}.{item.name}" for name, folder in folders for item in pkgutil.iter_modules([str(folder)])]
    todo = [*ENTRANCES, ROOT, *plugins]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(_imports(name))
    return frozenset(found)


def _sources() -> dict[str, bytes]:
    """Files by path in the wheel. A package that nobody imports by itself is empty, so that it drags nothing along."""
    modules = scoring_modules()
    base = Path(automl_core.__file__).parent.parent
    files = {str(_path(name).relative_to(base).as_posix()): _path(name).read_bytes() for name in modules}
    for name in modules:
        parts = name.split(".")
        for length in range(1, len(parts)):
            files.setdefault("/".join([*parts[:length], "__init__.py"]), b'"""Part of the scoring code."""\n')
    return files


def _path(name: str) -> Path:
    plain = Path(automl_core.__file__).parent.parent.joinpath(*name.split("."))
    return plain / "__init__.py" if plain.is_dir() else plain.with_suffix(".py")


def _imports(name: str) -> list[str]:
    """Project modules that this one imports, those for type checkers left out."""
    found: list[str] = []
    todo: list[ast.AST] = [ast.parse(_path(name).read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if _is_optional(node):
            continue
        todo += (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))  # no import is within one
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] == ROOT and alias.name != ROOT]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == ROOT:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.append(inner if _path(inner).exists() else node.module)
    return [module for module in found if _path(module).exists()]


def _is_optional(node: ast.AST) -> bool:
    """Imports for type checkers, and those of a package's lazy names."""
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef) and node.name == "__getattr__"


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
