"""Requests of the Open Inference Protocol: read, scored by a worker, written back."""

from collections.abc import Callable
from typing import Any

from . import binary, oip
from .answers import Answer, document
from .request import Request
from .routes import Rules

Shaped = Callable[[Answer], Answer]


class Tensors:
    """The routes below `/v2`."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def answer(self, request: Request, rules: Rules, *, ready: bool) -> Answer | None:
        """Answer what KServe and Triton clients ask; to infer, a worker answers."""
        wanted, model = oip.route(request.path)
        if wanted == "infer":
            return self._infer(request, rules, model)
        if wanted == "server":
            return oip.server()
        if wanted == "model":
            return oip.model(model, rules.models[model])
        if wanted == "live":
            return document(200, {"live": True})
        able = ready and bool(self._pool.crew.live)
        return document(200 if able else 503, {"ready": able})

    def _infer(self, request: Request, rules: Rules, model: str) -> Answer | None:
        if self._pool.crew.asks.get("raw"):
            return oip.wrong(400, "this service takes raw requests, at /score")
        try:
            request.body, ident = oip.fields(request.body, request.known.get(binary.LENGTH))
        except oip.TensorError as error:
            return oip.wrong(400, str(error))
        request.known[b"content-type"] = b"application/json"
        allow = opened(rules.cors.head(request.known)) if rules.cors else unchanged
        request.shaped = lambda answer: allow(oip.inferred(answer, model, ident))
        self._pool.score(request)
        return None


def opened(head: bytes) -> Shaped:
    """Add the headers that let a browser read an answer."""
    return lambda answer: answer._replace(head=answer.head + head)


def unchanged(answer: Answer) -> Answer:
    """Add nothing."""
    return answer
