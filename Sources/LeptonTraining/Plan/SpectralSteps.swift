import LeptonNN

/// Sizes of a kernel as a matrix.
private struct SpectralDetails: BitwiseCopyable {
    let rows: Int
    let columns: Int
    let iterations: Int

    /// The vectors u and v, then σ.
    var floats: Int { rows + columns + 1 }
}

extension SpectralOperation: ExecutableOperation {
    private func details(_ node: OperationGraph.Node, _ builder: PlanBuilder) -> SpectralDetails {
        let shape = builder.graph.weight(node.weights[0]).spec.shape
        return SpectralDetails(
            rows: shape.dropLast().reduce(1, *), columns: shape.last ?? 1, iterations: iterations)
    }

    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard builder.isTraining else { return builder.setValue(node.output, toWeight: node.weights[0]) }
        let details = details(node, builder)
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let iteration = PowerIteration(call, call.destination2), let output = call.destination else { return }
            iteration.run()
            let sigma = iteration.sigma
            for index in 0..<iteration.count { output[index] = iteration.kernel[index] / sigma }
        }
        step.isShared = true
        step.details = builder.keep(details)
        step.source = builder.parameter(node.weights[0])
        step.source2 = builder.parameter(node.weights[1])
        step.destination = builder.makeValue(node.output)
        step.destination2 = builder.newBuffer(floatsPerRow: 0, fixedFloats: details.floats)
        builder.emit(step)
        builder.save([step.destination2], for: node)

        // Once for all shards: what the vector is for the next step.
        var finishing = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let vector = call.source2, let details = call.details(as: SpectralDetails.self) else { return }
            withUnsafeTemporaryAllocation(of: Float.self, capacity: details.floats) { memory in
                guard let iteration = PowerIteration(call, memory.baseAddress) else { return }
                iteration.run()
                vector.update(from: iteration.u, count: details.columns)
            }
        }
        finishing.isShared = true
        finishing.details = step.details
        finishing.source = step.source
        finishing.source2 = step.source2
        builder.emitFinishing(finishing)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard let gradient = builder.weightGradient(node.weights[0]) else { return }
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let iteration = PowerIteration(call, call.source4), let passed = call.source3,
                let gradient = call.destination
            else { return }
            // d(K/σ): dK/σ - (dK · K) / σ² · v uᵀ
            let sigma = iteration.sigma
            var dot: Float = 0
            if iteration.isZero {
                dot = 0
            } else {
                for index in 0..<iteration.count { dot += passed[index] * iteration.kernel[index] }
            }
            let factor = dot / (sigma * sigma)
            for row in 0..<iteration.rows {
                for column in 0..<iteration.columns {
                    let index = row * iteration.columns + column
                    let value = passed[index] / sigma - factor * iteration.v[row] * iteration.u[column]
                    gradient[index] = call.step.accumulates ? gradient[index] + value : value
                }
            }
        }
        step.isShared = true
        step.details = builder.keep(details(node, builder))
        step.source = builder.parameter(node.weights[0])
        step.source2 = builder.parameter(node.weights[1])
        step.source3 = builder.gradient(node.output)
        step.source4 = builder.saved(node)[0]
        step.destination = gradient.operand
        step.accumulates = gradient.accumulates
        builder.emit(step)
    }
}

/// The kernel in source and the vector in source2, with memory for u, v and σ.
private struct PowerIteration {
    let kernel: UnsafeMutablePointer<Float>
    let rows: Int
    let columns: Int
    let u: UnsafeMutablePointer<Float>
    let v: UnsafeMutablePointer<Float>
    private let start: UnsafeMutablePointer<Float>
    private let iterations: Int

    init?(_ call: StepArguments, _ memory: UnsafeMutablePointer<Float>?) {
        guard let details = call.details(as: SpectralDetails.self), let kernel = call.source, let start = call.source2,
            let memory
        else { return nil }
        self.kernel = kernel
        self.start = start
        (rows, columns, iterations) = (details.rows, details.columns, details.iterations)
        u = memory
        v = memory + columns
    }

    var count: Int { rows * columns }

    /// Of a kernel of zeros, which stays as it is: 1.
    var sigma: Float { (v + rows).pointee }

    var isZero: Bool { (0..<count).allSatisfy { kernel[$0] == 0 } }

    func run() {
        u.update(from: start, count: columns)
        v.update(repeating: 0, count: rows)
        guard !isZero else {
            (v + rows).pointee = 1
            return
        }
        for _ in 0..<iterations {
            for row in 0..<rows {
                var sum: Float = 0
                for column in 0..<columns { sum += kernel[row * columns + column] * u[column] }
                v[row] = sum
            }
            normalise(v, rows)
            multiplyByV()
            normalise(u, columns)
        }
        var sum: Float = 0
        for row in 0..<rows {
            var product: Float = 0
            for column in 0..<columns { product += kernel[row * columns + column] * u[column] }
            sum += v[row] * product
        }
        (v + rows).pointee = sum
    }

    private func multiplyByV() {
        u.update(repeating: 0, count: columns)
        for row in 0..<rows {
            for column in 0..<columns { u[column] += v[row] * kernel[row * columns + column] }
        }
    }

    /// Keras's epsilon bounds what a short vector is stretched by.
    private func normalise(_ vector: UnsafeMutablePointer<Float>, _ count: Int) {
        var squares: Float = 0
        for index in 0..<count { squares += vector[index] * vector[index] }
        let factor = min(1 / squares.squareRoot(), 1e7)
        for index in 0..<count { vector[index] *= factor }
    }
}
