import LeptonResources
import LeptonTensor
import Testing

@Suite struct RequestTests {
    @Test func defaultsAreOneNodeOfOneCore() throws {
        let request = try ResourceRequest()
        #expect(request.total == ResourceShape(cores: 1))
        #expect(request.leaseSeconds == .infinity)
    }

    @Test func theTotalCountsAllNodes() throws {
        let request = try ResourceRequest(nodes: 5, coresPerNode: 2, memoryPerNode: 100, storageBytes: 7)
        #expect(request.total == ResourceShape(cores: 10, memoryBytes: 500, storageBytes: 7))
    }

    @Test func badValuesNameTheArgument() {
        let cases: [(String, () throws(LeptonError) -> ResourceRequest)] = [
            ("nodes", { () throws(LeptonError) in try ResourceRequest(nodes: 0) }),
            ("nodes", { () throws(LeptonError) in try ResourceRequest(nodes: .min) }),
            ("cores_per_node", { () throws(LeptonError) in try ResourceRequest(coresPerNode: -1) }),
            ("cores_per_node", { () throws(LeptonError) in try ResourceRequest(nodes: 3, coresPerNode: .max) }),
            ("memory_per_node", { () throws(LeptonError) in try ResourceRequest(memoryPerNode: -1) }),
            ("memory_per_node", { () throws(LeptonError) in try ResourceRequest(nodes: 2, memoryPerNode: .max) }),
            ("storage_bytes", { () throws(LeptonError) in try ResourceRequest(storageBytes: -5) }),
            ("lease_seconds", { () throws(LeptonError) in try ResourceRequest(leaseSeconds: 0) }),
            ("lease_seconds", { () throws(LeptonError) in try ResourceRequest(leaseSeconds: -1) }),
            ("lease_seconds", { () throws(LeptonError) in try ResourceRequest(leaseSeconds: .nan) }),
            ("labels", { () throws(LeptonError) in try ResourceRequest(labels: ["": "x"]) }),
            ("labels", { () throws(LeptonError) in try ResourceRequest(labels: ["team": "a\u{1B}[2J"]) }),
            (
                "labels",
                { () throws(LeptonError) in
                    try ResourceRequest(labels: ["a": String(repeating: "x", count: 257)])
                }
            ),
            (
                "labels",
                { () throws(LeptonError) in
                    try ResourceRequest(labels: [String(repeating: "x", count: 129): ""])
                }
            ),
            (
                "labels",
                { () throws(LeptonError) in
                    try ResourceRequest(
                        labels: Dictionary(uniqueKeysWithValues: (0..<51).map { ("\($0)", "") }))
                }
            ),
        ]
        for (argument, make) in cases {
            let error = expectError(.invalidArgument, make)
            #expect(error.argument == argument)
            #expect(error.expected != nil && error.received != nil)
        }
    }

    @Test func shapesAddAndSubtractWithoutOverflow() throws {
        let a = ResourceShape(cores: 3, memoryBytes: 10, storageBytes: 20, accelerators: 1)
        #expect(try a.adding(a).subtracting(a) == a)
        let error = expectError(.outOfMemory) { () throws(LeptonError) in
            try ResourceShape(memoryBytes: .max).adding(ResourceShape(memoryBytes: 1))
        }
        #expect(error.argument == "memory")
        expectError(.outOfMemory) { () throws(LeptonError) in
            try ResourceShape(cores: .min).subtracting(ResourceShape(cores: 1))
        }
    }
}
