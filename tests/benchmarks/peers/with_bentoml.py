"""The service that BentoML wants, with as many workers as the environment says."""

import os

import bentoml
from score import sums


@bentoml.service(workers=int(os.environ["WORKERS"]), metrics={"enabled": False})
class Score:
    @bentoml.api(route="/score")
    def score(self, data: list[list[float]]) -> list[float]:
        return sums(data)
