"""A small job from start to end: one unit learns the squares of 1 to 5 on five nodes and predicts 6."""

from leptonai import LeptonClient, keras

client = LeptonClient(nodes=5)
model = keras.Sequential([keras.layers.Dense(units=1, input_shape=[1])])
model.compile(optimizer="sgd", loss="mean_squared_error")
model.fit([[1], [2], [3], [4], [5]], [[1], [4], [9], [16], [25]], epochs=100, use_multiprocessing=True)
print(model.predict([[6]]))
