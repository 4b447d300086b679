"""As little as uvicorn can be asked for: no framework, one route, `run()` on the event loop."""

import json

from score import run

HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json")],
}


async def app(scope, receive, send):
    """Answer a request, or the start and the end of the server."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = json.dumps(run(body)).encode()
    length = (b"content-length", b"%d" % len(answer))
    await send({**HEAD, "headers": [*HEAD["headers"], length]})
    await send({"type": "http.response.body", "body": answer})
