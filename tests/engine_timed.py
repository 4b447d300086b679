"""`mlops` with a lock of another rhythm: `engine_timed.py TIMING WORDS…`."""

import json
import sys

import mlops.cli
from mlops.store.lock import Lock, Timing

defaults: dict[str, object] = Lock.__init__.__kwdefaults__ or {}
defaults["timing"] = Timing(**json.loads(sys.argv.pop(1)))

if __name__ == "__main__":
    mlops.cli.main()
