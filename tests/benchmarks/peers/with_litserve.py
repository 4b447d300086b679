"""The API that LitServe wants: `with_litserve.py PORT WORKERS`."""

import sys

import litserve
from score import sums


class Score(litserve.LitAPI):
    def setup(self, device):
        """There is nothing to load."""

    def decode_request(self, request):
        return request["data"]

    def predict(self, rows):
        return sums(rows)

    def encode_response(self, output):
        return output


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    server = litserve.LitServer(
        Score(api_path="/score"), accelerator="cpu", workers_per_device=workers
    )
    server.run(host="127.0.0.1", port=port, log_level="warning", generate_client_file=False)
