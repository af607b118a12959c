"""Parses the modules of bridge/, with what each of them imports, for the rules in test_imports.py."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """One parsed source file."""

    name: str  # dotted name; for __init__.py, the name of the package
    is_package: bool
    tree: ast.Module
    lines: int
    imports: frozenset[str]  # names in import statements anywhere in the module, and in strings


Package = Mapping[str, Module]


def read(root: Path) -> Package:
    """Parse all modules under root/bridge."""
    files = {}
    for path in sorted((root / "bridge").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    package = {}
    for name, path in files.items():
        text = path.read_text("utf-8")
        tree, is_package = ast.parse(text), path.name == "__init__.py"
        imports = Imports(name, is_package, frozenset(files))
        imports.visit(tree)
        package[name] = Module(name, is_package, tree, len(text.splitlines()), frozenset(imports.found - {name}))
    return package


class Imports(ast.NodeVisitor):
    """A visitor that collects the modules imported by one module."""

    def __init__(self, module: str, is_package: bool, known: frozenset[str]) -> None:
        self.found: set[str] = set()
        self._package = module if is_package else module.rpartition(".")[0]
        self._known = known

    def visit_Import(self, node: ast.Import) -> None:
        self.found |= {name.name for name in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parts = self._package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1] + ([base] if base else []))
        inside = {f"{base}.{name.name}" for name in node.names} & self._known
        self.found |= inside or {base}

    def visit_Constant(self, node: ast.Constant) -> None:
        """Count a string such as `bridge.a.b` or `bridge.a.b:function` as an import of bridge.a.b."""
        if isinstance(node.value, str) and node.value.startswith("bridge."):
            self.found |= {node.value.partition(":")[0]} & self._known

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Count f"bridge.a.{name}" as an import of every module in bridge/a."""
        start = node.values[0].value if isinstance(node.values[0], ast.Constant) else None
        if isinstance(start, str) and start.startswith("bridge.") and start.endswith("."):
            self.found |= {module for module in self._known if module.rpartition(".")[0] == start[:-1]}
        self.generic_visit(node)

    def visit_List(self, node: ast.List | ast.Tuple) -> None:
        """Ignore a module name that follows "-m", because that module runs in a separate process."""
        words = [item.value if isinstance(item, ast.Constant) else None for item in node.elts]
        for before, item in zip([None, *words], node.elts, strict=False):
            if before != "-m":
                self.visit(item)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self.visit_List(node)
