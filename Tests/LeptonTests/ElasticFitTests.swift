import Lepton
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Fits that follow their allocation, and fits that go on where another one stopped: the weights are those of a fit
/// that nothing disturbed, to the bit.
@Suite struct ElasticFitTests {
    private func model() -> Model {
        let model = Sequential(seed: 3) {
            Dense(units: 64, activation: .relu, inputShape: [40])
            BatchNormalization()
            Dropout(rate: 0.2)
            Dense(units: 3, activation: .softmax)
        }
        model.compile(optimizer: .adam(), loss: .sparseCategoricalCrossentropy(), metrics: [.accuracy])
        return model
    }

    private var data: (x: Tensor, y: Tensor) {
        get throws {
            var random = SplitMix(state: 11)
            let x = try Tensor((0..<640 * 40).map { _ in random.next() }, shape: [640, 40])
            let y = try Tensor((0..<640).map { _ in Float(Int(random.next() * 1.5 + 1.5) % 3) }, shape: [640, 1])
            return (x, y)
        }
    }

    private struct SplitMix {
        var state: UInt64
        /// -1 ..< 1.
        mutating func next() -> Float {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            return Float(z >> 40) / Float(1 << 23) - 1
        }
    }

    /// Trains, with `during` called after each step with its number, counted over all epochs.
    private func fit(
        _ model: Model, _ client: LeptonClient, allocation: Allocation? = nil, checkpoint: CheckpointOptions? = nil,
        cancel: CancelToken? = nil, during: @escaping (Int) -> Void = { _ in }
    ) throws -> History {
        let (x, y) = try data
        var step = 0
        return try x.withView { x in
            try y.withView { y in
                var options = FitOptions()
                options.batchSize = 64
                options.epochs = 4
                options.validationSplit = 0.2
                options.allocation = allocation
                options.checkpoint = checkpoint
                options.cancel = cancel
                options.progress = { event in
                    if event.kind == .batchEnd {
                        step += 1
                        during(step)
                    }
                    return true
                }
                return try client.fitNow(model, x: [x], y: [y], options: options)
            }
        }
    }

    private func bits(_ model: Model) throws -> [[UInt32]] {
        try model.weights().map { $0.floats.map(\.bitPattern) }
    }

    private func undisturbed() throws -> (weights: [[UInt32]], history: History) {
        let model = model()
        let history = try fit(model, LeptonClient(nodes: 1))
        return (try bits(model), history)
    }

    private func folder() throws -> String {
        var template = Array("/tmp/lepton-elastic-XXXXXX".utf8CString)
        return try template.withUnsafeMutableBufferPointer { buffer in
            String(cString: try #require(mkdtemp(buffer.baseAddress!)))
        }
    }

    @Test func nodesJoinAndLeaveInTheMiddleOfAnEpoch() throws {
        let expected = try undisturbed()
        let client = try LeptonClient(nodes: 6)
        let allocation = try client.allocateNow(ResourceRequest(nodes: 2))
        let model = model()
        let history = try fit(model, client, allocation: allocation) { step in
            // 1 ... 6 nodes, another number at nearly every step.
            do { try allocation.resize(nodes: 1 + step * 5 % 6) } catch { Issue.record(error) }
        }
        #expect(try bits(model) == expected.weights)
        #expect(history == expected.history)
    }

    @Test func aFitGivesWayAndGoesOn() throws {
        let expected = try undisturbed()
        let client = try LeptonClient(nodes: 2)
        let allocation = try client.allocateNow(ResourceRequest(nodes: 2))
        let model = model()
        // Comes in the middle of the second epoch, and ends when the fit has given its nodes back.
        let visitor = Mutex<Allocation?>(nil)
        _ = allocation.addObserver { event in
            guard event.state == .pending else { return }
            let visit = visitor.withLock { $0 }
            Visit.end(visit)
        }
        _ = try fit(model, client, allocation: allocation) { step in
            guard step == 12 else { return }
            do {
                let visit = try client.submit(ResourceRequest(nodes: 1, priority: 10))
                visitor.withLock { $0 = visit }
            } catch { Issue.record(error) }
        }
        #expect(try bits(model) == expected.weights)
        var events: [AllocationEvent] = []
        while let event = allocation.nextEvent(after: events.last?.sequence ?? 0, seconds: 0) { events.append(event) }
        #expect(events.map(\.state) == [.pending, .active, .draining, .pending, .active])
        #expect(visitor.withLock { $0?.state } == .released)
    }

    /// Closes an allocation once it is active, on a thread of its own: the one that calls is about to hand over to it.
    private enum Visit {
        static func end(_ allocation: Allocation?) {
            Task.detached {
                try allocation?.waitUntilActive(seconds: 10)
                try allocation?.close()
            }
        }
    }

    @Test(arguments: [1, 8, 9, 17, 31]) func aStoppedFitGoesOnToTheSameBits(stop: Int) throws {
        let expected = try undisturbed()
        let path = try folder()
        let checkpoint = CheckpointOptions(name: "job", everySteps: 3)
        let cancel = CancelToken()
        do {
            let client = try LeptonClient(nodes: 2, store: path)
            #expect(throws: LeptonError.self) {
                try fit(model(), client, checkpoint: checkpoint, cancel: cancel) { if $0 == stop { cancel.cancel() } }
            }
            #expect(try client.store?.reference("job/checkpoint") != nil)
        }
        let client = try LeptonClient(nodes: 3, store: path)
        // Another start and another seed: what the checkpoint has counts.
        let resumed = model()
        try resumed.setWeights(resumed.weights().map { try Tensor($0.floats.map { $0 + 1 }, shape: $0.shape.extents) })
        var steps = 0
        let history = try fit(resumed, client, checkpoint: checkpoint) { steps = $0 }
        #expect(try bits(resumed) == expected.weights)
        #expect(history == expected.history)
        // A graceful stop loses nothing: 8 steps in each of 4 epochs in all.
        #expect(steps == 32 - stop)
        #expect(try client.store?.reference("job/checkpoint") == nil)
        #expect(try client.store?.bytesUsed() == 0)
    }

    @Test func aCheckpointOfAnotherFitIsRefusedAndNothingChanges() throws {
        let client = try LeptonClient(nodes: 1, store: folder())
        let checkpoint = CheckpointOptions(name: "job", everySteps: 1)
        let cancel = CancelToken()
        #expect(throws: LeptonError.self) {
            try fit(model(), client, checkpoint: checkpoint, cancel: cancel) { _ in cancel.cancel() }
        }
        let other = model()
        let before = try bits(other)
        let (x, y) = try data
        let error = #expect(throws: LeptonError.self) {
            try x.withView { x in
                try y.withView { y in
                    var options = FitOptions()
                    options.batchSize = 32
                    options.validationSplit = 0.2
                    options.checkpoint = checkpoint
                    return try client.fitNow(other, x: [x], y: [y], options: options)
                }
            }
        }
        #expect(error?.argument == "batch_size")
        #expect(try bits(other) == before)
    }

    @Test func checkpointsNeedAStoreAndSaneIntervals() throws {
        let memory = try LeptonClient(nodes: 1)
        let error = #expect(throws: LeptonError.self) {
            try fit(model(), memory, checkpoint: CheckpointOptions(name: "job"))
        }
        #expect(error?.argument == "store")
        let client = try LeptonClient(nodes: 1, store: folder())
        for checkpoint in [CheckpointOptions(name: "a", everySteps: 0), CheckpointOptions(name: "a", everySeconds: 0)] {
            let error = #expect(throws: LeptonError.self) { try fit(model(), client, checkpoint: checkpoint) }
            #expect(error?.argument?.hasPrefix("checkpoint_") == true)
        }
    }

    @Test func aKeyIsUsedForOneRequest() async throws {
        let client = try LeptonClient(nodes: 4)
        let first = try await client.allocate(ResourceRequest(nodes: 2, idempotencyKey: "k"))
        let again = try await client.allocate(ResourceRequest(nodes: 2, idempotencyKey: "k"))
        #expect(first === again)
        let error = await #expect(throws: LeptonError.self) {
            try await client.allocate(ResourceRequest(nodes: 1, idempotencyKey: "k"))
        }
        #expect(error?.argument == "idempotency_key")
        try first.close()
        let later = try await client.allocate(ResourceRequest(nodes: 1, idempotencyKey: "k"))
        #expect(later !== first)
    }
}
