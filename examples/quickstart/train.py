"""Train the model of this example: diabetes progression from ten measurements of a patient.

Writes `model.pkl` beside this file. Run it with the packages of `score/requirements.txt`.
"""

from pathlib import Path

import joblib
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# The measurements as a doctor writes them down: age, sex, body mass index, blood pressure, and
# six values of the blood serum.
patients, progression = load_diabetes(return_X_y=True, scaled=False)

model = make_pipeline(StandardScaler(), Ridge(alpha=1.0))
model.fit(patients, progression)
joblib.dump(model, Path(__file__).with_name("model.pkl"))

print("first patient:", patients[0].tolist())
print("prediction:   ", model.predict(patients[:2]).tolist(), "of", progression[:2].tolist())
