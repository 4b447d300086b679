"""Which plans somebody agreed to by their digest, and which of them were carried out.

```
approvals/<project>/<digest>.json       what was agreed to, before its first write
approvals/<project>/<digest>.done.json  the revision that brought it to its end
```

Written once, under the lock, never changed or removed.
"""

from typing import Any

from msgspec import Struct, field

from mlops.plain import canonical
from mlops.spec import Fields
from mlops.store.objects import Objects
from mlops.store.patience import Patience
from mlops.store.records import read_record


class Approvals(Struct, frozen=True, kw_only=True):
    """The approvals of one project in one store."""

    objects: Objects
    project: str
    patience: Patience = field(default_factory=Patience)

    def begun(self, digest: str) -> Any:
        """Return what was agreed to under a digest; None if nothing of it was begun."""
        return self._read(f"{digest}.json")

    def done(self, digest: str) -> Any:
        """Return how the plan of a digest came to its end; None if it did not."""
        return self._read(f"{digest}.done.json")

    def begin(self, digest: str, record: Fields) -> None:
        """Write down what is agreed to; what an earlier run wrote stays."""
        self._create(f"{digest}.json", record)

    def finish(self, digest: str, record: Fields) -> None:
        """Write down that the plan came to its end; what an earlier run wrote stays."""
        self._create(f"{digest}.done.json", record)

    def _read(self, name: str) -> Any:
        path = f"approvals/{self.project}/{name}"
        return self.patience.ask(lambda: read_record(self.objects, path))

    def _create(self, name: str, record: Fields) -> None:
        path = f"approvals/{self.project}/{name}"
        self.patience.create(self.objects, path, canonical(record) + b"\n")
