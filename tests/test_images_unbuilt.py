"""Why a package could not be built from source: the lines that builds print, and what to do."""

import pytest

from mlops.images.unbuilt import BROUGHT, COMPILER, unbuilt

PIP = ["ERROR: Failed building wheel for tiny", "ERROR: Failed to build one or more wheels."]


@pytest.mark.parametrize(
    ("line", "told", "hint"),
    [
        (
            "      error: command 'gcc' failed: No such file or directory",
            "the base image has no compiler `gcc`",
            COMPILER,
        ),
        (
            "      unable to execute 'x86_64-linux-gnu-gcc': No such file or directory",
            "the base image has no compiler `x86_64-linux-gnu-gcc`",
            COMPILER,
        ),
        (
            "../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc'], ['clang'], ['icx']]",
            "the base image has no compiler `cc`",
            COMPILER,
        ),
        (
            "        No CMAKE_CXX_COMPILER could be found.",
            "the base image has no compiler: CMake finds no `CMAKE_CXX_COMPILER`",
            COMPILER,
        ),
        (
            "      error: can't find Rust compiler",
            "the base image has no compiler `rustc`",
            BROUGHT,
        ),
        (
            "  Caused by: rustc, the rust compiler is not installed or not in PATH.",
            "the base image has no compiler `rustc`",
            BROUGHT,
        ),
        (
            "      tiny.c:1:10: fatal error: libpq-fe.h: No such file or directory",
            "the base image has no header `libpq-fe.h`",
            BROUGHT,
        ),
        ("      running build_ext", "Failed to build one or more wheels", BROUGHT),
    ],
)
def test_what_the_base_lacks_is_told_where_a_build_says_so(line: str, told: str, hint: str) -> None:
    found = unbuilt(["      building 'tiny' extension", line, *PIP], 1)

    assert f"a package has no wheel, and can't be built from source: {told}" == found.summary
    assert hint == found.hint


def test_a_failure_without_a_word_tells_its_code_and_no_password_is_shown() -> None:
    silent = unbuilt(["Collecting tiny"], 3)
    index = unbuilt(["ERROR: no answer of https://me:sesame@index.example/simple."], 1)

    assert silent.summary.endswith(": pip ended with exit code 3")
    assert index.summary.endswith(": no answer of https://index.example/simple")
