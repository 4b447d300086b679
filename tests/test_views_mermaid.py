"""The graph, as text that Mermaid draws."""

import make

from mlops.views.mermaid import graph


def test_the_graph_has_a_node_for_each_thing_and_an_arrow_from_what_is_needed() -> None:
    model = make.desired("store/model/m", summary='a "model"', needs=())
    service = make.desired("end/service/a-b", summary="at x", needs=(model.address,))

    drawn = graph([model, service])

    assert [
        "flowchart LR",
        '    subgraph place_store["store"]',
        '        store_2f_model_2f_m(["m<br/>a #quot;model#quot;"])',
        "    end",
        '    subgraph place_end["end"]',
        '        end_2f_service_2f_a_2d_b["a-b<br/>at x"]',
        "    end",
        "    store_2f_model_2f_m --> end_2f_service_2f_a_2d_b",
    ] == drawn.splitlines()
