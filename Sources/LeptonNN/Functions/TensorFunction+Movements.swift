import LeptonTensor

extension TensorFunction {
    /// Functions that move elements and change shapes.
    static let movements: [String: TensorFunction] = [
        "Reshape": reshape, "Transpose": transpose, "Swapaxes": swapAxes, "Moveaxis": moveAxis,
        "ExpandDims": expandDims, "Squeeze": squeeze, "Concatenate": concatenate, "Stack": stack, "Split": split,
        "Unstack": unstack, "GetItem": getItem, "Take": take, "TakeAlongAxis": takeAlongAxis, "Flip": flip,
        "Roll": roll, "Repeat": repeatElements, "Tile": tile, "Pad": pad, "BroadcastTo": broadcastTo,
        "OneHot": oneHot, "Tril": triangle(keepsLower: true), "Triu": triangle(keepsLower: false),
    ]

    private static let reshape = TensorFunction.one(["newshape"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        guard case .array(let items)? = call.setting("newshape") ?? call.setting("shape") else {
            throw call.wrong("newshape", "a list of extents", call.setting("newshape"))
        }
        // Keras writes the batch as null or -1.
        var extents = items.map { $0.isNull ? -1 : $0.intValue ?? Int.min }
        guard extents.allSatisfy({ $0 >= -1 }) else {
            throw call.wrong("newshape", "extents of at least 0, or -1", call.setting("newshape"))
        }
        if !call.isShared(x) {
            guard extents.first == -1 else { throw call.batchAxis() }
            extents.removeFirst()
        }
        let count = call.shape(x).reduce(1, *)
        if let open = extents.firstIndex(of: -1) {
            let known = Shape.checkedProduct(extents.filter { $0 != -1 }) ?? 0
            guard extents.count(where: { $0 == -1 }) == 1, known > 0, count % known == 0 else {
                throw call.wrong("newshape", "a shape of \(count) elements", call.setting("newshape"))
            }
            extents[open] = count / known
        }
        let wanted = Shape.checkedProduct(extents) ?? 0
        if call.graph.operations.takesBatchTotals, !call.isShared(x), wanted > 0, wanted < count, count % wanted == 0 {
            return try call.graph.operations.addRows(of: x, extents)
        }
        return try call.graph.operations.addReshape(x, to: extents)
    }

    /// Moves the axes of a value into an order given in Keras's counting.
    private static func transposed(
        _ call: inout FunctionCall, _ x: Int, _ order: [Int]
    ) throws(LeptonError) -> Int {
        let rank = call.rank(x)
        let positive = order.map { $0 < 0 ? $0 + rank : $0 }
        guard positive.sorted() == Array(0..<rank) else {
            throw call.wrong("axes", "each of the \(rank) axes once", .array(order.map { .integer(Int64($0)) }))
        }
        if call.isShared(x) { return try call.graph.operations.addTranspose(x, positive) }
        guard positive.first == 0 else { throw call.batchAxis() }
        return try call.graph.operations.addTranspose(x, positive.dropFirst().map { $0 - 1 })
    }

    private static let transpose = TensorFunction.one(["axes"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let order = try call.integers("axes") ?? Array((0..<call.rank(x)).reversed())
        return try transposed(&call, x, order)
    }

    private static let swapAxes = TensorFunction.one(["axis1", "axis2"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let rank = call.rank(x)
        var order = Array(0..<rank)
        guard let first = try call.integer("axis1"), let second = try call.integer("axis2"),
            (-rank..<rank).contains(first), (-rank..<rank).contains(second)
        else { throw call.wrong("axis1, axis2", "two of the \(rank) axes", call.setting("axis1")) }
        order.swapAt(first < 0 ? first + rank : first, second < 0 ? second + rank : second)
        return try transposed(&call, x, order)
    }

    private static let moveAxis = TensorFunction.one(["source", "destination"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let rank = call.rank(x)
        let source = (try call.integers("source") ?? []).map { $0 < 0 ? $0 + rank : $0 }
        let destination = (try call.integers("destination") ?? []).map { $0 < 0 ? $0 + rank : $0 }
        guard source.count == destination.count, Set(source).count == source.count,
            Set(destination).count == destination.count, (source + destination).allSatisfy({ (0..<rank).contains($0) })
        else { throw call.wrong("source", "as many axes as destination, each once", call.setting("source")) }
        var order = (0..<rank).filter { !source.contains($0) }
        for (to, from) in zip(destination, source).sorted(by: { $0.0 < $1.0 }) { order.insert(from, at: to) }
        return try transposed(&call, x, order)
    }

    private static let expandDims = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        var shape = call.shape(x)
        guard let axes = try call.integers("axis") else { throw call.wrong("axis", "an axis", nil) }
        var places: Set<Int> = []
        for axis in axes { places.insert(try call.sampleAxis(axis, of: x, extra: axes.count)) }
        guard places.count == axes.count else { throw call.wrong("axis", "each axis once", call.setting("axis")) }
        for place in places.sorted() { shape.insert(1, at: place) }
        return try call.graph.operations.addReshape(x, to: shape)
    }

    private static let squeeze = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let shape = call.shape(x)
        guard let axes = try call.integers("axis") else {
            return try call.graph.operations.addReshape(x, to: shape.filter { $0 != 1 })
        }
        var removed: Set<Int> = []
        for axis in axes {
            let sample = try call.sampleAxis(axis, of: x)
            guard shape[sample] == 1 else {
                throw LeptonError(
                    .shapeMismatch, "Cannot squeeze axis=\(axis), because the dimension is not 1.")
            }
            removed.insert(sample)
        }
        let kept = shape.indices.filter { !removed.contains($0) }.map { shape[$0] }
        return try call.graph.operations.addReshape(x, to: kept)
    }

    // MARK: Several tensors

    private static let concatenate = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let values = try call.values()
        let batched = values.first { [call] value in !call.isShared(value) } ?? values[0]
        let axis = try call.sampleAxis(call.integer("axis") ?? 0, of: batched)
        try call.requireSameBatch(values)
        return try call.graph.operations.addConcatenation(values, axis: axis)
    }

    private static let stack = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let values = try call.values("x")
        let batched = values.first { [call] value in !call.isShared(value) } ?? values[0]
        let axis = try call.sampleAxis(call.integer("axis") ?? 0, of: batched, extra: 1)
        try call.requireSameBatch(values)
        return try call.graph.operations.addStack(values, axis: axis)
    }

    private static let split = TensorFunction(["indices_or_sections", "axis"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axis = try call.sampleAxis(call.integer("axis") ?? 0, of: x)
        let extent = call.shape(x)[axis]
        var extents: [Int] = []
        if let sections = call.setting("indices_or_sections")?.intValue {
            guard sections > 0, extent % sections == 0 else {
                throw call.wrong("indices_or_sections", "a number that divides \(extent)", .integer(Int64(sections)))
            }
            extents = [Int](repeating: extent / sections, count: sections)
        } else {
            var previous = 0
            for index in (try call.integers("indices_or_sections") ?? []) + [extent] {
                guard index >= previous, index <= extent else {
                    throw call.wrong("indices_or_sections", "growing indices up to \(extent)", .integer(Int64(index)))
                }
                extents.append(index - previous)
                previous = index
            }
        }
        return try call.graph.operations.addSplit(x, axis: axis, extents: extents)
    }

    private static let unstack = TensorFunction(["num", "axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axis = try call.sampleAxis(call.integer("axis") ?? 0, of: x)
        var shape = call.shape(x)
        let parts = try call.graph.operations.addSplit(
            x, axis: axis, extents: [Int](repeating: 1, count: shape[axis]))
        shape.remove(at: axis)
        var results: [Int] = []
        for part in parts { results.append(try call.graph.operations.addReshape(part, to: shape)) }
        return results
    }

    // MARK: Parts

    private static let take = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        guard let axis = try call.integer("axis") else {
            throw LeptonError(.notSupported, "keras.ops.take without an axis is not supported; name the axis")
        }
        let sample = try call.sampleAxis(axis, of: x)
        if let argument = call.argument(1, "indices"), case .tensor = argument {
            let indices = try call.value(argument, "indices")
            return try call.graph.operations.addTake(x, at: indices, axis: sample)
        }
        let argument = call.argument(1, "indices") ?? .value(.null)
        let constant = try call.constantIndices(argument, extent: call.shape(x)[sample])
        let taken = try call.graph.operations.addTake(x, axis: sample, indices: constant.indices)
        let shape = call.shape(x)
        return try call.graph.operations.addReshape(
            taken, to: shape[..<sample] + constant.shape + shape[(sample + 1)...])
    }

    private static let takeAlongAxis = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let indices = try call.value(1, "indices")
        guard let axis = try call.integer("axis") else {
            throw LeptonError(
                .notSupported, "keras.ops.take_along_axis without an axis is not supported; name the axis")
        }
        return try call.graph.operations.addTakeAlongAxis(
            x, indices: indices, axis: try call.sampleAxis(axis, of: x))
    }

    private static let flip = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        var x = try call.value(0)
        for axis in try call.reducedAxes(of: x) ?? Array(call.shape(x).indices) {
            x = try call.graph.operations.addFlip(x, axis: axis)
        }
        return x
    }

    private static let roll = TensorFunction.one(["shift", "axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        var x = try call.value(0)
        let axes = try call.reducedAxes(of: x) ?? []
        let shifts = try call.integers("shift") ?? []
        guard !axes.isEmpty, shifts.count == axes.count || shifts.count == 1 else {
            throw call.wrong("shift", "one number, or one for each axis", call.setting("shift"))
        }
        for (index, axis) in axes.enumerated() {
            x = try call.graph.operations.addRoll(x, axis: axis, shift: shifts[shifts.count == 1 ? 0 : index])
        }
        return x
    }

    // MARK: Growing

    private static let repeatElements = TensorFunction.one(["repeats", "axis"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        guard let axis = try call.integer("axis"), let count = try call.integer("repeats") else {
            throw LeptonError(
                .notSupported, "keras.ops.repeat is supported with an axis and one number of repeats")
        }
        return try call.graph.operations.addRepeat(x, axis: try call.sampleAxis(axis, of: x), count: count)
    }

    private static let tile = TensorFunction.one(["repeats"]) { (call: inout FunctionCall) throws(LeptonError) in
        var x = try call.value(0)
        var repeats = try call.integers("repeats") ?? []
        let rank = call.rank(x)
        if repeats.count < rank { repeats = [Int](repeating: 1, count: rank - repeats.count) + repeats }
        guard repeats.count == rank else {
            throw LeptonError(
                .notSupported, "keras.ops.tile to more axes than the tensor has is not supported; use expand_dims")
        }
        if !call.isShared(x) {
            guard repeats[0] == 1 else { throw call.batchAxis() }
            repeats.removeFirst()
        }
        for (axis, count) in repeats.enumerated() where count != 1 {
            x = try call.graph.operations.addRepeat(x, axis: axis, count: count, isWhole: true)
        }
        return x
    }

    private static let pad = TensorFunction.one(["pad_width", "mode"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        var x = try call.value(0)
        let rank = call.rank(x)
        let fill = try call.number("constant_values", default: 0)
        let mode: OperationGraph.Padding
        switch call.setting("mode")?.stringValue ?? "constant" {
        case "constant": mode = .constant(Float(fill))
        case "reflect": mode = .reflect
        case "symmetric": mode = .symmetric
        default: throw call.wrong("mode", "'constant', 'reflect' or 'symmetric'", call.setting("mode"))
        }
        for (axis, (before, after)) in try call.padWidths(rank: rank).enumerated() where before != 0 || after != 0 {
            let sample = try call.sampleAxis(axis, of: x)
            x = try call.graph.operations.addPad(x, axis: sample, before: before, after: after, mode: mode)
        }
        return x
    }

    private static let broadcastTo = TensorFunction.one(["shape"]) { (call: inout FunctionCall) throws(LeptonError) in
        var x = try call.value(0)
        guard var extents = call.setting("shape")?.arrayValue?.map({ $0.isNull ? -1 : $0.intValue ?? Int.min }) else {
            throw call.wrong("shape", "a list of extents", call.setting("shape"))
        }
        if extents.first == -1 {
            extents.removeFirst()
            if call.isShared(x) {
                // An axis of one element meets the batch.
                let shape = call.shape(x)
                if shape.count == extents.count + 1, shape.first == 1 {
                    x = try call.graph.operations.addReshape(x, to: Array(shape.dropFirst()))
                }
                x = try call.graph.operations.perRow(x)
            }
        } else if !call.isShared(x) {
            throw call.batchAxis()
        }
        guard extents.allSatisfy({ $0 >= 0 }) else { throw call.wrong("shape", "extents", call.setting("shape")) }
        return try call.graph.operations.addBroadcast(x, to: extents)
    }

    private static let oneHot = TensorFunction.one(["num_classes", "axis", "dtype", "sparse"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        guard let classes = try call.integer("num_classes"), try call.integer("axis") ?? -1 == -1 else {
            throw LeptonError(.notSupported, "keras.ops.one_hot is supported on the last axis")
        }
        return try call.graph.operations.addOneHot(x, depth: classes)
    }

    /// Elements of the largest mask that is made a constant of the model.
    private static let largestMask = 1 << 24

    /// 1 where `isKept` says so of a row and a column, and else 0.
    static func addMask(
        _ rows: Int, _ columns: Int, to call: inout FunctionCall, isKept: (Int, Int) -> Bool
    ) throws(LeptonError) -> Int {
        guard let count = Shape.checkedProduct([rows, columns]), count <= largestMask else {
            throw LeptonError(
                .notSupported,
                "keras.ops.\(snakeCase(call.name)) of matrices with more than \(largestMask) elements is not supported; "
                    + "multiply with a mask given as an input")
        }
        var mask: [Float] = []
        mask.reserveCapacity(count)
        for row in 0..<rows {
            for column in 0..<columns { mask.append(isKept(row, column) ? 1 : 0) }
        }
        return try call.graph.operations.addConstant(mask, shape: [rows, columns])
    }

    /// Multiplies the last two axes with a triangle of ones.
    private static func triangle(keepsLower: Bool) -> TensorFunction {
        .one(["k"]) { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            let shape = call.shape(x)
            let diagonal = try call.integer("k") ?? 0
            guard shape.count >= 2, (-(1 << 30)...(1 << 30)).contains(diagonal) else {
                throw LeptonError(
                    .shapeMismatch, argument: call.name, expected: "a matrix for each row of the batch",
                    received: Shape.batchText(shape))
            }
            let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
            let constant = try addMask(rows, columns, to: &call) { row, column in
                keepsLower ? column - row <= diagonal : column - row >= diagonal
            }
            return try call.graph.operations.addBinary(.keepWhere, x, constant)
        }
    }
}

extension FunctionCall {
    /// Constant indices in 0 ..< extent, negative ones counted from the end.
    func constantIndices(
        _ argument: LayerCall.Argument, extent: Int
    ) throws(LeptonError) -> (indices: [Int], shape: [Int]) {
        let json: JSONValue
        switch argument {
        case .value(let value): json = value
        case .list(let items): json = .array(items.compactMap { if case .value(let value) = $0 { value } else { nil } })
        case .tensor: throw wrong("indices", "constant indices", nil)
        }
        let constant = try FunctionCall.constant(json, "\(name).indices")
        var indices: [Int] = []
        for value in constant.values {
            guard let index = Int(exactly: value), index >= -extent, index < extent else {
                throw LeptonError(
                    .invalidArgument, argument: "\(name).indices",
                    expected: "whole numbers in \(-extent) ... \(extent - 1)",
                    received: "\(value)")
            }
            indices.append(index < 0 ? index + extent : index)
        }
        return (indices, constant.shape)
    }

    /// Keras's pad_width: a number, one pair, or a pair for each axis.
    fileprivate func padWidths(rank: Int) throws(LeptonError) -> [(Int, Int)] {
        let value = setting("pad_width")
        if let width = value?.intValue { return [(Int, Int)](repeating: (width, width), count: rank) }
        let items = value?.arrayValue ?? []
        if items.count == 2, let before = items[0].intValue, let after = items[1].intValue {
            return [(Int, Int)](repeating: (before, after), count: rank)
        }
        let pairs = items.compactMap { item -> (Int, Int)? in
            guard let pair = FunctionCall.list(item), pair.count == 2, let before = pair[0].intValue,
                let after = pair[1].intValue
            else { return nil }
            return (before, after)
        }
        guard pairs.count == items.count, pairs.count == rank else {
            throw wrong("pad_width", "a number or a pair for each of the \(rank) axes", value)
        }
        return pairs
    }

    private static func list(_ value: JSONValue) -> [JSONValue]? {
        value.arrayValue ?? value.objectValue?["items"]?.arrayValue
    }
}
