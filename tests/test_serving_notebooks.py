"""More entry scripts in the words of v1's notebooks and pages, each run as it is."""

import json
from pathlib import Path

import pytest
from serving_environments import LEARNING, environment
from serving_instance import failed, serving
from test_serving_v1 import MAKE, given

PANDAS = """
    import json
    import pickle
    import numpy as np
    import pandas as pd
    import azureml.train.automl
    from sklearn.externals import joblib
    from azureml.core.model import Model

    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType

    input_sample = pd.DataFrame({"x": pd.Series([0.0], dtype="float64"),
                                 "y": pd.Series([0], dtype="int64"),
                                 "when": pd.Series(["2020-1-1"], dtype="datetime64[ns]"),
                                 "flag": pd.Series([False], dtype="bool")})
    output_sample = np.array([0])


    def init():
        global model
        # This name is model.id of model that we want to deploy deserialize the model file back
        # into a sklearn model
        model_path = Model.get_model_path(model_name = 'sum')
        model = joblib.load(model_path)


    @input_schema('data', PandasParameterType(input_sample, enforce_shape=False))
    @output_schema(NumpyParameterType(output_sample))
    def run(data):
        try:
            result = model.predict(data[["x", "y"]].values)
            return json.dumps({"result": result.tolist(), "month": int(data["when"].dt.month[0])})
        except Exception as e:
            result = str(e)
            return json.dumps({"error": result})
"""
WRAPPED = """
    import json, os
    import numpy as np
    import pandas as pd
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
    from inference_schema.parameter_types.standard_py_parameter_type import (
        StandardPythonParameterType)

    numpy_sample_input = NumpyParameterType(
        np.array([[1, 2, 3], [10, 9, 8]], dtype='float64'))
    pandas_sample_input = PandasParameterType(
        pd.DataFrame({'name': ['Sarah', 'John'], 'age': [25, 26]}))
    standard_sample_input = StandardPythonParameterType(0.0)

    # This is a nested input sample, any item wrapped by `ParameterType` will be described by schema
    nested_sample_input = StandardPythonParameterType({'input1': numpy_sample_input,
                                                       'input2': pandas_sample_input,
                                                       'input3': standard_sample_input})
    sample_global_parameters = StandardPythonParameterType(1.0)  # this is optional
    sample_output = StandardPythonParameterType([1.0, 1.0])
    outputs = StandardPythonParameterType({'Results': sample_output})  # 'Results' is case sensitive

    def init():
        global people
        people = 0

    @input_schema('Inputs', nested_sample_input)  # 'Inputs' is case sensitive
    @input_schema('GlobalParameters', sample_global_parameters)  # this is optional
    @output_schema(outputs)
    def run(Inputs, GlobalParameters):
        data = Inputs['input1']
        assert isinstance(data, np.ndarray)
        frame = Inputs['input2']
        assert isinstance(frame, pd.DataFrame)
        return {'Results': [data.sum() * GlobalParameters, len(frame) + Inputs['input3']]}
"""
TEXT = """
    import os, json, logging
    from os.path import dirname, abspath, join
    from helpers.text import clean
    from helpers import SIZE
    import vocabulary

    with open(os.path.join(os.path.dirname(__file__), 'labels.json')) as f:
        LABELS = json.load(f)
    config = json.load(open('./labels.json'))
    logger = logging.getLogger(__name__)

    def init():
        global stop
        print("This is init")
        logging.error("logged in init")
        stop = open(join(dirname(abspath(__file__)), "data", "stop.txt")).read().split()
        source = os.path.join(os.environ["AML_APP_ROOT"], os.environ["AZUREML_SOURCE_DIRECTORY"])
        assert open(os.path.join(source, "labels.json")).read()

    def run(raw_data):
        import lazy
        text = json.loads(raw_data)["text"]
        words = [word for word in clean(text) if word not in stop]
        return {"words": words, "label": LABELS["1"], "known": vocabulary.KNOWN, "lazy": lazy.X}
"""
SEVERAL = """
    import os, json, joblib
    import numpy as np
    from azureml.core import Model

    def init():
        global model_1, model_2
        # AZUREML_MODEL_DIR is the folder above all models where there are several
        path_1 = os.path.join(os.getenv("AZUREML_MODEL_DIR"), 'first', '3', 'first')
        path_2 = Model.get_model_path('second', version=3, _workspace=None)
        model_1 = joblib.load(path_1)
        model_2 = joblib.load(path_2)

    def run(raw_data):
        data = np.array(json.loads(raw_data)['data'])
        return json.dumps({"first": model_1.predict(data).tolist(),
                           "second": model_2.predict(data).tolist()})
"""
CORS = """
    from azureml.contrib.services.aml_request import AMLRequest, rawhttp
    from azureml.contrib.services.aml_response import AMLResponse

    def init():
        print("This is init()")

    @rawhttp
    def run(request):
        print("This is run()")
        print("Request: [{0}]".format(request))
        if request.method == 'GET':
            # For this example, just return the URL for GET.
            # For a real-world solution, you would load the data from URL params or headers
            # and send it to the model. Then return the response.
            respBody = str.encode(request.full_path)
            resp = AMLResponse(respBody, 200)
            resp.headers["Allow"] = "OPTIONS, GET, POST"
            resp.headers["Access-Control-Allow-Methods"] = "OPTIONS, GET, POST"
            resp.headers['Access-Control-Allow-Origin'] = "http://www.example.com"
            resp.headers['Access-Control-Allow-Headers'] = "*"
            return resp
        elif request.method == 'POST':
            reqBody = request.get_data(False)
            # For a real-world solution, you would load the data from reqBody
            # and send it to the model. Then return the response.
            resp = AMLResponse(reqBody, 200)
            resp.headers["Allow"] = "OPTIONS, GET, POST"
            return resp
        elif request.method == 'OPTIONS':
            resp = AMLResponse("", 200)
            resp.headers["Allow"] = "OPTIONS, GET, POST"
            resp.headers["Access-Control-Allow-Methods"] = "OPTIONS, GET, POST"
            return resp
        else:
            return AMLResponse("bad request", 400)
"""


@pytest.fixture(scope="session")
def python() -> Path:
    return environment(*LEARNING, warm=MAKE)


def test_the_frame_of_an_older_automl(python: Path, tmp_path: Path) -> None:
    row = {"x": 1.5, "y": 2, "when": "2020-05-01", "flag": True}
    with serving(tmp_path, PANDAS, **given(python, sum="sum.pkl")) as service:
        told = json.loads(service.score({"data": [row, row]}).json)
        half = service.score({"data": [{**row, "y": 2.5}]})
        when = service.score({"data": [{**row, "when": "soon"}]})

    assert told["result"] == pytest.approx([3.5, 3.5])
    assert told["month"] == 5
    assert (400, 400) == (half.status, when.status)
    assert "data[0].y" in half.json["message"]
    assert "data[0].when" in when.json["message"]


def test_the_nested_inputs_of_the_schema_page(python: Path, tmp_path: Path) -> None:
    inputs = {"input1": [[1, 2, 3]], "input2": [{"name": "A", "age": 3}], "input3": 1.5}
    with serving(tmp_path, WRAPPED, python=str(python)) as service:
        scored = service.score({"Inputs": inputs, "GlobalParameters": 2.0})
        bare = service.score({"Inputs": inputs})
        short = service.score({"Inputs": {**inputs, "input1": [[1]]}, "GlobalParameters": 1})

    assert scored.json == {"Results": [12.0, 2.5]}
    assert (400, "A value is not provided for the 'GlobalParameters' parameter.") == (
        bare.status,
        bare.json["message"],
    )
    assert (400, True) == (short.status, "Inputs.input1[0]" in short.json["message"])


def test_a_script_with_modules_and_files_beside_it(tmp_path: Path) -> None:
    code = tmp_path / "code"
    for path, text in {
        "helpers/__init__.py": "SIZE = 3",
        "helpers/text.py": "from . import SIZE\n\ndef clean(text): return text.lower().split()",
        "vocabulary.py": "KNOWN = ['cat']",
        "lazy.py": "X = 2",
        "labels.json": '{"1": "yes"}',
        "data/stop.txt": "the a",
    }.items():
        (code / path).parent.mkdir(parents=True, exist_ok=True)
        (code / path).write_text(text, encoding="utf-8")

    with serving(tmp_path, TEXT) as service:
        told = service.score({"text": "The Cat"}).json
        log = service.log

    assert told == {"words": ["cat"], "label": "yes", "known": ["cat"], "lazy": 2}
    assert "This is init\n" in log
    assert "logged in init\n" in log


def test_several_models_by_folder_and_by_version(python: Path, tmp_path: Path) -> None:
    with serving(tmp_path, SEVERAL, **given(python, first="sum.pkl", second="less.pkl")) as service:
        told = json.loads(service.score({"data": [[1, 2]]}).json)

    assert told["first"] == pytest.approx([3.0])
    assert told["second"] == pytest.approx([-1.0])


def test_the_cors_of_the_advanced_page(tmp_path: Path) -> None:
    with serving(tmp_path, CORS) as service:
        shown = service.ask("GET", "/score?a=1")
        posted = service.ask("POST", "/score", b"\x00\xff", {"content-type": "image/png"})
        asked = service.ask("OPTIONS", "/score", headers={"origin": "http://www.example.com"})
        log = service.log

    assert b"/score?a=1" == shown.body
    assert "http://www.example.com" == shown.headers["access-control-allow-origin"]
    assert b"\x00\xff" == posted.body
    assert "OPTIONS, GET, POST" == asked.headers["allow"].replace(",", ", ").replace(",  ", ", ")
    assert "Request: [<AMLRequest 'http://127.0.0.1:" in log
    assert "/score?a=1' [GET]>]" in log


def test_a_model_that_is_not_there_ends_with_the_scripts_traceback(tmp_path: Path) -> None:
    _, record, log = failed(tmp_path, RIDGE)

    assert 'score.py", line 5, in init' in log
    assert (
        log.rstrip()
        .splitlines()[-1]
        .startswith("azureml.exceptions.ModelNotFoundException: Model sum not found in cache at ")
    )
    assert log.rstrip().splitlines()[-1] == record["error"]["log"][-1]


RIDGE = """
    from azureml.core.model import Model
    def init():
        global path
        path = Model.get_model_path('sum')
    def run(data):
        return path
"""
