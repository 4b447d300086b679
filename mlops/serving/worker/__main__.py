"""`python <this folder> SOCKET MEMORY FRONT`: the worker, loaded as part of `mlops_serving`."""

import sys

if __name__ == "__main__":
    # The interpreter put this folder first; its file names must not shadow the user's modules.
    sys.path.pop(0)

    import importlib
    import importlib.util
    import os

    root = os.path.realpath(__file__).rpartition("/worker/")[0]  # `pathlib` is slow to import
    spec = importlib.util.spec_from_file_location(
        "mlops_serving", root + "/__init__.py", submodule_search_locations=[root]
    )
    if spec is None or spec.loader is None:
        sys.exit(f"{root} cannot be loaded")
    package = importlib.util.module_from_spec(spec)
    sys.modules["mlops_serving"] = package
    spec.loader.exec_module(package)
    importlib.import_module("mlops_serving.worker.main").main(sys.argv[1:])
