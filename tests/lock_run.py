"""A run that works under the lock until its input ends: `lock_run.py STORE FILE TIMING [MACHINE]`.

It appends its number to FILE again and again, each time after a check of its lease, and prints
`held N`, then `released` or `lost WHY`.
"""

import json
import sys
import threading
import time
from pathlib import Path

from msgspec.structs import replace

from mlops.errors import LockedError
from mlops.store.holder import this_holder
from mlops.store.lock import Lease, Lock, Timing
from mlops.store.objects import open_store


def main() -> int:
    store, file, timing, *machine = sys.argv[1:]
    holder = this_holder({"who": "alice", "run_url": "https://ci.example/7"}, "mlops apply")
    if machine:
        holder = replace(holder, process=replace(holder.process, machine=machine[0]))
    lock = Lock(open_store(store, Path("/")), "mnist", holder, timing=Timing(**json.loads(timing)))
    lease = lock.acquire(60)
    say(f"held {lease.number}")
    try:
        work(lease, Path(file))
    except LockedError as error:
        say(f"lost {error}")
        return error.code
    lease.release()
    say("released")
    return 0


def work(lease: Lease, file: Path) -> None:
    """Write the number of the lease, until the input ends."""
    over = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=listen, daemon=True).start()
    with file.open("a") as writer:
        while not over.is_set():
            lease.check()
            writer.write(f"{lease.number}\n")
            writer.flush()
            time.sleep(0.01)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
