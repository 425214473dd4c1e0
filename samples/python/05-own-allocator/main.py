"""A program that grants resources itself.

A rack of machines lends nodes by its own rules: here whole nodes, and never the last one, which the program keeps.
"""

import threading

from leptonai import (
    Grant,
    LeptonClient,
    ResourceAllocator,
    ResourceExhaustedError,
    ResourceRequest,
    ResourceShape,
    keras,
)

NODES, CORES = 4, 2


class Rack(ResourceAllocator):
    """Lends nodes of two cores."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grants: dict[str, int] = {}
        self._count = 0

    def _free(self) -> int:
        return NODES - 1 - sum(self._grants.values())

    def capacity(self) -> tuple[ResourceShape, ResourceShape]:
        with self._lock:
            lent = sum(self._grants.values())
        return ResourceShape(cores=NODES * CORES), ResourceShape(cores=lent * CORES)

    def grant(self, request: ResourceRequest) -> Grant:
        with self._lock:
            if request.nodes > self._free() or request.cores_per_node > CORES:
                raise ResourceExhaustedError(f"{self._free()} nodes of {CORES} cores can be lent")
            name = f"rack-{self._count}"
            self._count += 1
            self._grants[name] = request.nodes
            print(f"lent {request.nodes} nodes")
            return Grant(name, request.nodes, request.lease_seconds)

    def release(self, id: str) -> None:
        with self._lock:
            nodes = self._grants.pop(id, 0)
            if nodes:
                print(f"got {nodes} nodes back")

    def resize(self, id: str, nodes: int) -> None:
        with self._lock:
            if nodes - self._grants[id] > self._free():
                raise ResourceExhaustedError(f"{self._free()} more nodes can be lent")
            self._grants[id] = nodes


def main() -> None:
    keras.utils.set_random_seed(1)
    client = LeptonClient(allocator=Rack())
    allocation = client.allocate(nodes=2, cores_per_node=CORES)
    try:
        client.allocate(nodes=2, cores_per_node=CORES)
        print("two more: granted")
    except ResourceExhaustedError:
        print("two more: refused")
    allocation.resize(3)
    print(f"grown to 3 nodes: cores {client.utilization().cores * 100:.1f} %")

    model = keras.Sequential([keras.layers.Dense(units=1, input_shape=[1])])
    model.compile(optimizer="sgd", loss="mean_squared_error")
    x, y = [[1], [2], [3], [4], [5]], [[1], [4], [9], [16], [25]]
    loss = client.fit(model, x, y, epochs=100, verbose=0, allocation=allocation).history["loss"]
    print(f"loss: {loss[0]:.4f} in the first epoch, {loss[-1]:.4f} in the last")
    allocation.close()
    print("bill:")
    print(client.usage())


if __name__ == "__main__":
    main()
