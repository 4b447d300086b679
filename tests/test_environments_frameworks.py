"""The packages of models that come without code."""

import pytest

from mlops.environments.frameworks import built_in, framework_environment
from mlops.spec import Framework


@pytest.mark.parametrize(
    ("name", "version", "requirements"),
    [
        ("scikit-learn", "1.9.1", ("scikit-learn==1.9.1", "pandas")),
        ("ScikitLearn", "1.9", ("scikit-learn==1.9.*", "pandas")),
        ("sklearn", None, ("scikit-learn", "pandas")),
        ("sklearn", "1.2.2", ("scikit-learn==1.2.2", "pandas", "numpy<2")),
        ("Onnx", "1.13", ("onnxruntime", "numpy")),
        ("onnxruntime", "1.20", ("onnxruntime==1.20.*", "numpy")),
    ],
)
def test_a_framework_has_its_packages(
    name: str, version: str | None, requirements: tuple[str, ...]
) -> None:
    served = built_in(name)

    assert served is not None
    made = framework_environment(Framework(name=name, version=version), served)
    assert requirements == made.requirements


def test_a_framework_that_nothing_serves_has_none() -> None:
    assert built_in("torch") is None
