"""The model that MLServer wants, with a route that takes the same body as the others."""

from mlserver import MLModel
from mlserver.handlers import custom_handler
from score import sums


class Score(MLModel):
    async def load(self) -> bool:
        return True

    @custom_handler(rest_path="/score")
    async def score(self, data: dict) -> list:
        return sums(data["data"])
