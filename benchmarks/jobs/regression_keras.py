"""The job of regression_lepton.py in Keras, which has no nodes and takes arrays instead of lists."""

import keras
import numpy as np

model = keras.Sequential([keras.Input(shape=(1,)), keras.layers.Dense(units=1)])
model.compile(optimizer="sgd", loss="mean_squared_error")
model.fit(np.array([[1.0], [2], [3], [4], [5]]), np.array([[1.0], [4], [9], [16], [25]]), epochs=100)
print(model.predict(np.array([[6.0]])))
