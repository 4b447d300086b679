"""Which routes there are, by which methods, and which of them need a key. Pure."""

from collections.abc import Mapping

from . import oip
from .answers import SERVER
from .cors import Cors
from .keys import Keys
from .limits import Limits
from .settings import AUTHENTICATED, OFF, OPEN, Settings

READ = ("GET", "HEAD")
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "/": READ,
    "/score": ("GET", "POST", "OPTIONS"),
    "/swagger.json": READ,
    "/livez": READ,
    "/readyz": READ,
    "/metrics": READ,
    "/.mlops/settings": READ,
}


class Rules:
    """Who may ask what. Made whole from settings, and changed as a whole."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.settings = settings
        self.digest = name
        self.limits: Limits = settings.limits
        self.keys = Keys(settings.keys) if settings.keys else None
        self.cors = Cors(settings.cors)
        self.logs = settings.logs.requests
        self.signature = signature(settings.environment_variables)
        self.models = {settings.service: [model.version for model in settings.models]}
        for model in settings.models:
            self.models.setdefault(model.name, [model.version])
        self._policies = {
            "/score": AUTHENTICATED,
            "/swagger.json": settings.swagger,
            "/metrics": settings.metrics,
            "/.mlops/settings": AUTHENTICATED if self.keys else OFF,
        }

    def allowed(self, path: str) -> tuple[str, ...]:
        """Return the methods of a route; none if there is no such route."""
        if self._policies.get(path) == OFF:
            return ()
        if path.startswith(oip.ROOT):
            wanted, model = oip.route(path)
            there = wanted and (not model or model in self.models)
            return () if not there else ("POST", "OPTIONS") if wanted == "infer" else READ
        return ALLOWED.get(path, ())

    def locked(self, path: str) -> bool:
        """Say whether a route needs a key."""
        if self.keys is None:
            return False
        if path.startswith(oip.ROOT):
            return oip.route(path) not in {("live", ""), ("ready", "")}
        return self._policies.get(path, OPEN) == AUTHENTICATED


def signature(variables: Mapping[str, str]) -> bytes:
    """Return the header that says who serves; v1 has a variable against it."""
    said = variables.get("SERVER_VERSION_LOG_RESPONSE_ENABLED", "true")
    return SERVER if said.lower() == "true" else b""


def label(path: str) -> str:
    """Return what the metrics call a path: few words, whatever clients ask for."""
    if path in ALLOWED:
        return path
    return oip.ROOT if path.startswith(oip.ROOT) else "other"
