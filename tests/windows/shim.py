"""Supplies the complex functions of C that Wine's runtime library lacks, so that numpy can be imported under Wine.

numpy imports functions such as `crealf` from api-ms-win-crt-math-l1-1-0.dll. Wine 10 knows them, but ends a program
that calls one. This module compiles a library that has all functions numpy imports from there: the complex ones come
from MinGW-w64, and the others are forwarded to Wine. Then it replaces the library's name in numpy's files. That is done
only in the folder of the tests.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.progress import StepFailed, run
from tests.roots import Root

PACKAGES = ("gcc-mingw-w64-x86-64-win32",)
GIVEN = "api-ms-win-crt-math-l1-1-0.dll"  # name in numpy's files
OURS = "ace-ms-win-crt-math-l1-1-0.dll"  # of the same length; Wine itself serves all names that begin with "api-"
COMPLEX = re.compile(
    r"c(?P<stem>real|imag|abs|arg|exp|log|pow|sqrt|sin|cos|tan|sinh|cosh|tanh|asin|acos|atan|asinh|acosh|atanh)"
    r"(?P<precision>[fl]?)"
)
REAL = ("real", "imag", "abs", "arg")  # functions whose result is a real number

# Microsoft's compiler passes a complex number as a structure of two numbers, and its long double is a double.
TYPES = """#include <complex.h>
typedef struct { double re, im; } Double;
typedef struct { float re, im; } Float;
"""
ONE = "{number} our_{name}({pair} z) {{ return {function}(__builtin_complex(z.re, z.im)); }}"
PAIR = (
    "{pair} our_{name}({pair} z) {{ {number} _Complex w = {function}(__builtin_complex(z.re, z.im));"
    " return ({pair}){{__real__ w, __imag__ w}}; }}"
)
POWER = (
    "{pair} our_{name}({pair} z, {pair} e) {{ {number} _Complex w ="
    " {function}(__builtin_complex(z.re, z.im), __builtin_complex(e.re, e.im));"
    " return ({pair}){{__real__ w, __imag__ w}}; }}"
)


def supply(system: Root, site_packages: Path, beside: Path, log: Path) -> None:
    """Compile the library and change numpy's files.

    Args:
        system: root with Wine and the compiler.
        site_packages: folder with numpy.
        beside: folder of python.exe, where Windows looks for libraries.
        log: file for the compiler's output.

    Raises:
        StepFailed: the compiler failed, or numpy imports nothing from the library (then this module is not needed).
    """
    files = [path for path in sorted(site_packages.glob("numpy/**/*.pyd")) if GIVEN.encode() in path.read_bytes()]
    names = {name for path in files for name in _imported(system, path)}
    if not any(COMPLEX.fullmatch(name) for name in names):
        raise StepFailed("numpy no longer imports complex functions; remove tests/windows/shim.py.")
    (beside / "shim.c").write_text(TYPES + "\n".join(_code(name) for name in sorted(names) if COMPLEX.fullmatch(name)))
    (beside / "shim.def").write_text(f'LIBRARY "{OURS}"\nEXPORTS\n' + "\n".join(map(_export, sorted(names))))
    words = ["x86_64-w64-mingw32-gcc", "-O2", "-shared", "-static", "-o", OURS, "shim.c", "shim.def"]
    run(system.command(words, cwd="/mnt/python", binds=[(beside, "/mnt/python")]), log)
    for path in files:
        path.write_bytes(path.read_bytes().replace(GIVEN.encode(), OURS.encode()))


def _imported(system: Root, file: Path) -> list[str]:
    """Return the functions that a file imports from the library."""
    words = ["x86_64-w64-mingw32-objdump", "-p", f"/mnt/files/{file.name}"]
    text = system.run(words, binds=[(file.parent, "/mnt/files")], capture_output=True, text=True).stdout
    table = text.partition(f"DLL Name: {GIVEN}\n")[2].partition("\n\n")[0]
    return re.findall(r"^\t[0-9a-f]+ .* (\w+)$", table, re.MULTILINE)


def _export(name: str) -> str:
    return f"  {name} = our_{name}" if COMPLEX.fullmatch(name) else f"  {name} = ucrtbase.{name}"


def _code(name: str) -> str:
    found = COMPLEX.fullmatch(name)
    assert found is not None
    single = found["precision"] == "f"
    form = ONE if found["stem"] in REAL else POWER if found["stem"] == "pow" else PAIR
    return form.format(
        name=name,
        function=f"c{found['stem']}" + ("f" if single else ""),
        number="float" if single else "double",
        pair="Float" if single else "Double",
    )
