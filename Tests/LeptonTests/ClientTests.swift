import Lepton
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ClientTests {
    private let x = [[1], [2], [3], [4], [5]]
    private let y = [[1], [4], [9], [16], [25]]

    private func article() -> Model {
        let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        return model
    }

    private func temporaryFolder() throws -> String {
        var template = Array("/tmp/lepton-client-XXXXXX".utf8CString)
        return try template.withUnsafeMutableBufferPointer { buffer in
            let path = try #require(mkdtemp(buffer.baseAddress!))
            return String(cString: path)
        }
    }

    @Test func theArticlesJobOnFiveNodes() async throws {
        let client = try LeptonClient(nodes: 5)
        let allocation = try await client.allocate(nodes: 5)
        #expect(client.utilization().cores == 1)
        let model = article()
        let history = try await client.fit(model, x, y, epochs: 100)
        let prediction = try await client.predict(model, [[6]])
        #expect((24.9...25.5).contains(try #require(prediction[0, 0])))
        #expect(history["loss"].count == 100)
        try allocation.close()
        #expect(client.utilization().cores == 0)
        #expect(try client.usage().records.map(\.shape.cores) == [5])
    }

    @Test func fitsWithoutAnAllocationUseWhatIsFreeForTheCall() async throws {
        let client = try LeptonClient(nodes: 3)
        _ = try await client.fit(article(), x, y)
        #expect(client.utilization().cores == 0)
        let records = try client.usage().records
        #expect(records.map(\.shape.cores) == [3])
        #expect(records[0].labels == ["job": "fit"])
    }

    @Test func impossibleRequestsNameTheResource() async throws {
        let client = try LeptonClient(nodes: 2)
        let error = await #expect(throws: LeptonError.self) { try await client.allocate(nodes: 3) }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.contains("3") == true)
        #expect(error?.message.contains("2") == true)
    }

    @Test func aStoreKeepsDatasetAndParameters() async throws {
        let client = try LeptonClient(nodes: 2, store: temporaryFolder())
        let inMemory = article()
        let stored = article()
        _ = try await client.fit(inMemory, x, y, epochs: 10)
        _ = try await client.fit(stored, x, y, epochs: 10, store: "squares")
        #expect(try stored.weights().map(\.floats) == inMemory.weights().map(\.floats))
        #expect(try client.storedModel("squares").weights().map(\.floats) == stored.weights().map(\.floats))
        #expect(try #require(client.store).references().sorted() == ["squares/dataset", "squares/model"])
    }

    @Test func aStoreNameWithoutAStoreIsAnError() async throws {
        let client = try LeptonClient(nodes: 1)
        let error = await #expect(throws: LeptonError.self) {
            try await client.fit(article(), x, y, store: "squares")
        }
        #expect(error?.code == .invalidState)
    }

    @Test func cancellingTheTaskStopsTheFit() async throws {
        let client = try LeptonClient(nodes: 1)
        let model = article()
        let task = Task { [x, y] in
            try await client.fit(
                model, x, y, epochs: 1_000_000_000,
                afterEpoch: { _ in
                    withUnsafeCurrentTask { _ in }
                    return true
                })
        }
        task.cancel()
        let result = await task.result
        #expect(throws: LeptonError.self) { try result.get() }
        _ = try await client.fit(model, x, y)
    }

    @Test func savesAndLoadsAFile() async throws {
        let model = article()
        _ = try await LeptonClient(nodes: 1).fit(model, x, y)
        let path = try temporaryFolder() + "/model.safetensors"
        try model.save(to: path)
        let copy = try Model.load(from: path)
        #expect(try copy.predict(x).floats == model.predict(x).floats)
        let missing = #expect(throws: LeptonError.self) { try Model.load(from: path + ".none") }
        #expect(missing?.code == .notFound)
    }
}

@Suite struct RefusedInputTests {
    @Test func aRefusedFitCostsNothingAndChangesNothing() async throws {
        var template = Array("/tmp/lepton-refused-XXXXXX".utf8CString)
        let folder = try template.withUnsafeMutableBufferPointer {
            try #require(mkdtemp($0.baseAddress!).map { String(cString: $0) })
        }
        let client = try LeptonClient(nodes: 2, store: folder)
        let model = Sequential(seed: 1) { Dense(units: 1) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        for store in [nil, "job"] {
            let error = await #expect(throws: LeptonError.self) {
                try await client.fit(model, [[1], [2]], [[1], [2], [3]], store: store)
            }
            #expect(error?.code == .shapeMismatch)
        }
        #expect(try client.usage().records.isEmpty)
        #expect(try #require(client.store).references().isEmpty)
        // Not built by the refused data: other data may still build it.
        _ = try await client.fit(model, [[1, 2], [3, 4]], [[1], [2]])
        #expect(try model.weights()[0].shape.extents == [2, 1])
    }

    @Test func tensorsMayBeGivenWhereverArraysMay() async throws {
        let client = try LeptonClient(nodes: 2)
        let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [2]) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        let x = try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
        let history = try await client.fit(model, x, [[1.0], [2.0]])
        #expect(history.epochs == [0])
        #expect(try await client.predict(model, x).floats == model.predict(x).floats)
    }
}
