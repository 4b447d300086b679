"""Entry scripts of v1's time, in the forms that its notebooks taught, run as they are."""

import json
from pathlib import Path
from typing import Any

import pytest
from serving_environments import LEARNING, environment
from serving_instance import serving, until

MAKE = """
import sys, joblib, numpy as np, onnx, onnxruntime, pandas
import inference_schema.parameter_types.pandas_parameter_type
import inference_schema.schema_decorators
from onnx import TensorProto, helper
from sklearn.linear_model import Ridge
rows = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0]])
joblib.dump(Ridge(alpha=1e-9).fit(rows, rows.sum(axis=1)), sys.argv[1] + "/sum.pkl")
joblib.dump(Ridge(alpha=1e-9).fit(rows, rows[:, 0] - rows[:, 1]), sys.argv[1] + "/less.pkl")
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])
graph = helper.make_graph([helper.make_node("Softmax", ["x"], ["y"])], "g", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.save(model, sys.argv[1] + "/model.onnx")
"""
RIDGE = """
    import pickle
    import json
    import numpy
    from sklearn.externals import joblib
    from sklearn.linear_model import Ridge
    from azureml.core.model import Model

    def init():
        global model
        model_path = Model.get_model_path('sklearn_regression_model.pkl')
        model = joblib.load(model_path)

    def run(raw_data):
        try:
            data = json.loads(raw_data)['data']
            data = numpy.array(data)
            result = model.predict(data)
            return result.tolist()
        except Exception as e:
            error = str(e)
            return error
"""
MONITORED = """
    import json, pickle, time
    import numpy as np
    from sklearn.externals import joblib
    from azureml.core.model import Model
    from azureml.monitoring import ModelDataCollector

    def init():
        global model
        print("model initialized" + time.strftime("%H:%M:%S"))
        model_path = Model.get_model_path(model_name='sklearn_regression_model.pkl')
        model = joblib.load(model_path)
        global inputs_dc, prediction_dc
        inputs_dc = ModelDataCollector("best_model", designation="inputs", feature_names=["a", "b"])
        prediction_dc = ModelDataCollector(
            "best_model", designation="predictions", feature_names=["prediction1"])

    def run(raw_data):
        global inputs_dc, prediction_dc
        try:
            data = json.loads(raw_data)['data']
            data = np.array(data)
            result = model.predict(data)
            print("saving input data" + time.strftime("%H:%M:%S"))
            inputs_dc.collect(data)
            prediction_dc.collect(result)
            return result.tolist()
        except Exception as e:
            error = str(e)
            print(error + time.strftime("%H:%M:%S"))
            return error
"""
EMOTION = """
    import json
    import numpy as np
    import onnxruntime
    import sys
    import os
    import time

    def init():
        global session, input_name, output_name
        model = os.path.join(os.getenv('AZUREML_MODEL_DIR'), 'model.onnx')
        session = onnxruntime.InferenceSession(model, None)
        input_name = session.get_inputs()[0].name
        output_name = session.get_outputs()[0].name

    def run(input_data):
        try:
            data = np.array(json.loads(input_data)['data']).astype('float32')
            start = time.time()
            r = session.run([output_name], {input_name : data})[0]
            end = time.time()
            result = emotion_map(np.squeeze(r))
            result_dict = {"result": result, "time_in_sec": [end - start]}
        except Exception as e:
            result_dict = {"error": str(e)}
        return json.dumps(result_dict)

    def emotion_map(classes, N=1):
        table = {'neutral': 0, 'happiness': 1}
        keys = list(table.keys())
        return [keys[i] for i in np.argsort(classes)[::-1][:N]]
"""
AUTOML = """
    import json
    import logging
    import os
    import pickle
    import numpy as np
    import pandas as pd
    import joblib
    import azureml.automl.core
    from azureml.automl.core.shared import logging_utilities, log_server
    from azureml.telemetry import INSTRUMENTATION_KEY
    from inference_schema.schema_decorators import input_schema, output_schema
    from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
    from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
    from inference_schema.parameter_types.standard_py_parameter_type import (
        StandardPythonParameterType,
    )

    data_sample = PandasParameterType(pd.DataFrame({"a": pd.Series([0.0], dtype="float64"),
                                                    "b": pd.Series([0.0], dtype="float64")}))
    input_sample = StandardPythonParameterType({'data': data_sample})
    method_sample = StandardPythonParameterType("predict")
    sample_global_params = StandardPythonParameterType({"method": method_sample})
    result_sample = NumpyParameterType(np.array([0.0]))
    output_sample = StandardPythonParameterType({'Results': result_sample})

    try:
        log_server.enable_telemetry(INSTRUMENTATION_KEY)
        log_server.set_verbosity('INFO')
        logger = logging.getLogger('azureml.automl.core.scoring_script_v2')
    except:
        pass

    def init():
        global model
        model_path = os.path.join(os.getenv('AZUREML_MODEL_DIR'), 'sklearn_regression_model.pkl')
        path = os.path.normpath(model_path)
        path_split = path.split(os.sep)
        log_server.update_custom_dimensions(
            {'model_name': path_split[-3], 'model_version': path_split[-2]})
        try:
            logger.info("Loading model from path.")
            model = joblib.load(model_path)
            logger.info("Loading successful.")
        except Exception as e:
            logging_utilities.log_traceback(e, logger)
            raise

    @input_schema('GlobalParameters', sample_global_params, convert_to_provided_type=False)
    @input_schema('Inputs', input_sample)
    @output_schema(output_sample)
    def run(Inputs, GlobalParameters={"method": "predict"}):
        data = Inputs['data']
        if GlobalParameters.get("method", None) == "predict":
            result = model.predict(data.values)
        else:
            raise Exception(f"Invalid predict method argument received.")
        return {'Results': result.tolist()}
"""
IMAGE = """
    import json
    import numpy as np
    from azureml.contrib.services.aml_request import AMLRequest, rawhttp
    from azureml.contrib.services.aml_response import AMLResponse

    def init():
        print("Init complete")

    @rawhttp
    def run(request):
        print("Request: [{0}]".format(request))
        if request.method == 'GET':
            respBody = str.encode(request.full_path)
            return AMLResponse(respBody, 200)
        elif request.method == 'POST':
            file_bytes = request.files["image"]
            image = np.frombuffer(file_bytes.read(), dtype="uint8")
            return AMLResponse(json.dumps({"size": image.shape[0]}), 200)
        else:
            return AMLResponse("bad request", 500)
"""
TWO = """
    import joblib, json
    import numpy as np
    from azureml.core.model import Model

    def init():
        global model_1, model_2
        model_1 = joblib.load(Model.get_model_path(model_name='my_first_model'))
        model_2 = joblib.load(Model.get_model_path(model_name='my_second_model'))

    def run(raw_data):
        try:
            data = json.loads(raw_data)['data']
            data = np.array(data)
            result_1 = model_1.predict(data)
            result_2 = model_2.predict(data)
            return {"prediction1": result_1.tolist(), "prediction2": result_2.tolist()}
        except Exception as e:
            result = str(e)
            return result
"""
ROWS = {"data": [[1, 2], [5, 3]]}


@pytest.fixture(scope="session")
def python() -> Path:
    return environment(*LEARNING, warm=MAKE)


def given(python: Path, **models: str) -> dict[str, Any]:
    """Name the models: name -> file of the environment, laid as `<name>` or as it is called."""
    folder = python.parent.parent
    listed = [
        {
            "name": name.replace("_pkl", ".pkl"),
            "version": 3,
            "files": [{"path": name.replace("_pkl", ".pkl"), "blob": str(folder / file)}],
        }
        for name, file in models.items()
    ]
    return {"python": str(python), "models": listed}


def test_the_ridge_of_the_notebooks(python: Path, tmp_path: Path) -> None:
    settings = given(python, sklearn_regression_model_pkl="sum.pkl")
    with serving(tmp_path, RIDGE, **settings) as service:
        assert [3.0, 8.0] == pytest.approx(service.score(ROWS).json)
        wrong = service.score({"rows": []})

        assert (200, "'data'") == (wrong.status, wrong.json)


def test_the_ridge_that_collects(python: Path, tmp_path: Path) -> None:
    settings = given(python, sklearn_regression_model_pkl="sum.pkl")
    variables = {"AML_MODEL_DC_STORAGE_ENABLED": "true"}
    with serving(tmp_path, MONITORED, environment_variables=variables, **settings) as service:
        assert [3.0, 8.0] == pytest.approx(service.score(ROWS).json)
        files = tmp_path / "azureml-app" / "modeldata"
        found = until(lambda: {path.parts[-5] for path in files.rglob("data.csv")} or None)
        until(lambda: len(list(files.rglob("data.csv"))) == 2)

        assert found <= {"inputs", "predictions"}
        assert "saving input data" in service.log


def test_the_emotions_of_the_onnx_notebook(python: Path, tmp_path: Path) -> None:
    folder = python.parent.parent
    files = [{"path": "model.onnx", "blob": str(folder / "model.onnx")}]
    models = [{"name": "onnx_emotion", "version": 1, "files": files}]
    with serving(tmp_path, EMOTION, python=str(python), models=models) as service:
        told = json.loads(service.score({"data": [[0.1, 0.9]]}).json)

        assert ["happiness"] == told["result"]
        assert set(told) == {"result", "time_in_sec"}
        assert "error" in json.loads(service.score({"data": [[1, 2, 3]]}).json)


def test_what_automl_generates(python: Path, tmp_path: Path) -> None:
    settings = given(python, sklearn_regression_model_pkl="sum.pkl")
    rows = [{"a": 1, "b": 2}, {"a": 5.0, "b": 3.0}]
    with serving(tmp_path, AUTOML, **settings) as service:
        plain = service.score({"Inputs": {"data": rows}})
        named = service.score({"Inputs": {"data": rows}, "GlobalParameters": {"method": "predict"}})
        other = service.score({"Inputs": {"data": rows}, "GlobalParameters": {"method": "guess"}})
        wrong = service.score({"Inputs": {"data": [{"a": "x", "b": 1}]}})

        assert [3.0, 8.0] == pytest.approx(plain.json["Results"])
        assert plain.json == named.json
        assert 500 == other.status
        assert 400 == wrong.status
        assert "Inputs.data" in wrong.json["message"]
        assert "Inputs" in str(service.ask("GET", "/swagger.json").json["definitions"])


def test_the_image_scorer(python: Path, tmp_path: Path) -> None:
    form = (
        b'--x\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n'
        b"content-type: image/png\r\n\r\n\x89PNG\x00\xff\r\n--x--\r\n"
    )
    with serving(tmp_path, IMAGE, python=str(python)) as service:
        kind = {"content-type": "multipart/form-data; boundary=x"}
        posted = service.ask("POST", "/score", form, kind)

        assert {"size": 6} == json.loads(posted.body)
        assert b"/score?a=1" == service.ask("GET", "/score?a=1").body
        assert 500 == service.ask("PUT", "/score", b"").status


def test_two_models(python: Path, tmp_path: Path) -> None:
    settings = given(python, my_first_model="sum.pkl", my_second_model="less.pkl")
    with serving(tmp_path, TWO, **settings) as service:
        told = service.score(ROWS).json

        assert [3.0, 8.0] == pytest.approx(told["prediction1"])
        assert [-1.0, 2.0] == pytest.approx(told["prediction2"])
