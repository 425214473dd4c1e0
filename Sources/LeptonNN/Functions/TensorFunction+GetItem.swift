import LeptonTensor

extension TensorFunction {
    /// `x[key]`: whole numbers, slices, ellipsis and None, the first of a batched tensor being a whole slice.
    static let getItem = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        var x = try call.value(0)
        var keys = try call.keys()
        let consumed = keys.count { $0.isAxis }
        let rank = call.rank(x)
        guard consumed <= rank else {
            throw LeptonError(
                .invalidArgument, argument: "GetItem.key", expected: "at most \(rank) indices", received: "\(consumed)")
        }
        let whole = [FunctionCall.Key](repeating: .slice(nil, nil, 1), count: rank - consumed)
        if let dots = keys.firstIndex(of: .ellipsis) {
            keys.replaceSubrange(dots...dots, with: whole)
        } else {
            keys += whole
        }
        if !call.isShared(x) {
            guard keys.first == .slice(nil, nil, 1) else { throw call.batchAxis() }
            keys.removeFirst()
        }
        // Parts first, each axis in its place; then the axes that go and come.
        var axis = 0
        var shape: [Int] = []
        for key in keys {
            switch key {
            case .new: shape.append(1)
            case .index(let index):
                let extent = call.shape(x)[axis]
                guard index >= -extent, index < extent else {
                    throw LeptonError(
                        .invalidArgument, argument: "GetItem.key", expected: "an index in \(-extent) ... \(extent - 1)",
                        received: "\(index)")
                }
                let start = index < 0 ? index + extent : index
                x = try call.graph.operations.addSlice(x, axis: axis, start: start, count: 1)
                axis += 1
            case .slice(let start, let stop, let step):
                let extent = call.shape(x)[axis]
                let range = FunctionCall.range(start, stop, step, extent: extent)
                if range.count != extent || step != 1 {
                    x = try call.graph.operations.addSlice(
                        x, axis: axis, start: range.start, count: range.count, step: step)
                }
                shape.append(range.count)
                axis += 1
            case .ellipsis:
                throw LeptonError(.invalidArgument, argument: "GetItem.key", expected: "one ellipsis", received: "two")
            }
        }
        return try call.graph.operations.addReshape(x, to: shape)
    }
}

extension FunctionCall {
    enum Key: Equatable {
        case index(Int)
        case slice(Int?, Int?, Int)
        case ellipsis, new

        /// Whether it stands for an axis of the tensor.
        var isAxis: Bool {
            switch self {
            case .index, .slice: true
            case .ellipsis, .new: false
            }
        }
    }

    func keys() throws(LeptonError) -> [Key] {
        guard call.positional.count > 1 else {
            throw LeptonError(.invalidArgument, argument: "GetItem.key", expected: "an index", received: "nothing")
        }
        guard case .list(let items) = call.positional[1] else { return [try key(call.positional[1])] }
        var keys: [Key] = []
        for item in items { keys.append(try key(item)) }
        return keys
    }

    private func key(_ argument: LayerCall.Argument) throws(LeptonError) -> Key {
        guard case .value(let value) = argument else {
            throw LeptonError(
                .notSupported,
                "x[...] with tensors or lists as indices is not supported; use keras.ops.take or take_along_axis")
        }
        if value.isNull { return .new }
        if let index = value.intValue { return .index(index) }
        let config = value.objectValue?["config"]?.objectValue ?? JSONObject()
        switch value.objectValue?["class_name"]?.stringValue {
        case "__ellipsis__": return .ellipsis
        case "__slice__":
            let step = config["step"]?.intValue ?? 1
            guard step != 0 else {
                throw LeptonError(
                    .invalidArgument, argument: "GetItem.key", expected: "a step other than 0", received: "0")
            }
            return .slice(config["start"]?.intValue, config["stop"]?.intValue, step)
        default:
            throw LeptonError(
                .invalidArgument, argument: "GetItem.key", expected: "whole numbers, slices, ellipsis or None",
                received: String(value.text.prefix(60)))
        }
    }

    /// The elements that a Python slice takes of an axis.
    static func range(_ start: Int?, _ stop: Int?, _ step: Int, extent: Int) -> (start: Int, count: Int) {
        func bound(_ value: Int?, _ standard: Int, _ low: Int, _ high: Int) -> Int {
            guard let value else { return standard }
            // Far outside is as good as just outside, and cannot overflow.
            let near = min(max(value, -extent - 1), extent + 1)
            return min(max(near < 0 ? near + extent : near, low), high)
        }
        if step > 0 {
            let first = bound(start, 0, 0, extent)
            let end = bound(stop, extent, 0, extent)
            guard first < end else { return (0, 0) }
            return (first, (end - first - 1) / step + 1)
        }
        let first = bound(start, extent - 1, -1, extent - 1)
        let end = stop == nil ? -1 : bound(stop, -1, -1, extent - 1)
        guard first > end else { return (0, 0) }
        let stride = step == Int.min ? Int.max : -step
        return (first, (first - end - 1) / stride + 1)
    }
}
