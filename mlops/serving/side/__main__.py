"""`python -I <this folder> traces|upload`: loaded as part of `mlops_serving`, fed by its stdin."""

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # its file names must not shadow anybody's modules

    import importlib
    import importlib.util
    from pathlib import Path

    root = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location(
        "mlops_serving", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        sys.exit(f"{root} cannot be loaded")
    package = importlib.util.module_from_spec(spec)
    sys.modules["mlops_serving"] = package
    spec.loader.exec_module(package)
    sys.exit(importlib.import_module("mlops_serving.side.main").main(sys.argv[1:]))
