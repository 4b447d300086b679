"""`python -I <this folder> FOLDER`: the front, loaded as the package `mlops_serving`."""

import sys

if __name__ == "__main__":
    # The interpreter put this folder first; its file names must not shadow anybody's modules.
    sys.path.pop(0)

    import gc

    gc.disable()  # until everything is imported: there is no garbage

    import importlib
    import importlib.util
    from pathlib import Path

    root = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "mlops_serving", root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        sys.exit(f"{root} cannot be loaded")
    package = importlib.util.module_from_spec(spec)
    sys.modules["mlops_serving"] = package
    spec.loader.exec_module(package)
    sys.exit(importlib.import_module("mlops_serving.front.main").main(sys.argv[1:]))
