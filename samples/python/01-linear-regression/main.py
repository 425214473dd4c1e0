"""Linear regression on five nodes.

Request compute and storage, train one Dense unit on the squares of 1 to 5, predict 6, and report utilisation and cost.
"""

from leptonai import LeptonClient, keras


def print_utilization(when: str, client: LeptonClient) -> None:
    use = client.utilization()
    print(
        f"utilisation {when}: cores {use.cores * 100:.1f} %, memory {use.memory * 100:.1f} %, "
        f"storage {use.storage * 100:.1f} %"
    )
    print(f"  dominant share {use.dominant_share * 100:.1f} %, mean of compute and storage {use.mean * 100:.1f} %")


def main() -> None:
    keras.utils.set_random_seed(1)
    client = LeptonClient(nodes=5)
    allocation = client.allocate(nodes=5, storage_bytes=1 << 20)

    model = keras.Sequential([keras.layers.Dense(units=1, input_shape=[1])])
    model.compile(optimizer="sgd", loss="mean_squared_error")

    x = [[1], [2], [3], [4], [5]]
    y = [[1], [4], [9], [16], [25]]
    history = client.fit(model, x, y, epochs=100, verbose=0, allocation=allocation)
    loss = history.history["loss"]
    print(f"loss: {loss[0]:.4f} in the first epoch, {loss[-1]:.4f} in the last")

    prediction = client.predict(model, [[6]], verbose=0, allocation=allocation)
    print(f"prediction for 6: {prediction[0, 0]:.4f}")

    print_utilization("while allocated", client)
    allocation.close()
    print_utilization("after release", client)
    print("bill:")
    print(client.usage())


if __name__ == "__main__":
    main()
