import LeptonFormats
import LeptonResources
import LeptonTensor
import LeptonTraining

/// A dataset in the store, mapped into memory: what a fit with `store` trains from.
struct StoredDataset {
    let x: [TensorView]
    let y: [TensorView]
    let sampleWeights: [TensorView]
    let byteCount: Int
    /// Keeps the views' memory in place.
    private let mapping: MappedBlob

    /// Finds the tensors "x0", "x1", ..., "y0", ..., "w0", ... in a mapped safetensors blob.
    fileprivate init(_ mapping: MappedBlob) throws(LeptonError) {
        self.mapping = mapping
        byteCount = mapping.count
        guard let base = mapping.bytes.baseAddress else {
            throw LeptonError(.corruptData, "the stored dataset is empty")
        }
        var x: [TensorView] = []
        var y: [TensorView] = []
        var weights: [TensorView] = []
        for tensor in try Safetensors.Contents(mapping.bytes).tensors {
            let view = TensorView(base: base + tensor.range.lowerBound, dtype: .float32, shape: tensor.shape)
            switch tensor.name.first {
            case "x": x.append(view)
            case "y": y.append(view)
            default: weights.append(view)
            }
        }
        self.x = x
        self.y = y
        sampleWeights = weights
    }
}

extension LeptonClient {
    func requireStore(_ name: String) throws(LeptonError) -> Store {
        guard let store else {
            throw LeptonError(
                .invalidState, argument: "store", expected: "a client with a store folder",
                received: "'\(name)' for a client that keeps everything in memory")
        }
        return store
    }

    /// Puts a dataset into the store as float32, under the reference "<name>/dataset", and maps it.
    func storedDataset(
        _ name: String, x: [TensorView], y: [TensorView], sampleWeights: [TensorView]
    ) throws(LeptonError) -> StoredDataset {
        let store = try requireStore(name)
        var parts: [(name: String, view: TensorView)] = []
        for (index, view) in x.enumerated() { parts.append(("x\(index)", view)) }
        for (index, view) in y.enumerated() { parts.append(("y\(index)", view)) }
        for (index, view) in sampleWeights.enumerated() { parts.append(("w\(index)", view)) }

        let prefix = try Safetensors.prefix(parts.map { ($0.name, $0.view.shape) }, metadata: [])
        let digest = try store.put { (writer: inout BlobWriter) throws(LeptonError) in
            try writer.write(prefix)
            for part in parts { try LeptonClient.write(part.view, to: &writer) }
        }
        try store.setReference("\(name)/dataset", digest)
        return try StoredDataset(store.map(digest))
    }

    private static func write(_ view: TensorView, to writer: inout BlobWriter) throws(LeptonError) {
        if view.dtype == .float32, view.isContiguous {
            return try writer.write(UnsafeRawBufferPointer(start: view.base, count: view.shape.count * 4))
        }
        let copy = try AlignedBuffer<Float>(zeros: view.shape.count, purpose: "a dataset as float32")
        view.copyFloats(to: copy.pointer)
        try writer.write(copy.bytes)
    }

    /// Keeps the model as it is now under the reference "<name>/model".
    func storeParameters(of model: Model, _ name: String) throws(LeptonError) {
        let store = try requireStore(name)
        _ = try LeptonClient.put(model.snapshot(), as: "\(name)/model", in: store)
    }

    /// The model that a fit kept in the store under `name`.
    ///
    /// - Throws: `notFound`; `corruptData`.
    public func storedModel(_ name: String) throws(LeptonError) -> Model {
        guard let snapshot = try LeptonClient.snapshot("\(name)/model", in: requireStore(name)) else {
            throw LeptonError(.notFound, "the store has no model '\(name)'")
        }
        return try Model(restoring: snapshot)
    }

    /// Puts a model's state into a store, and makes a name stand for it.
    static func put(
        _ snapshot: ModelSnapshot, as reference: String, in store: Store
    ) throws(LeptonError) -> BlobDigest {
        let digest = try store.put { (writer: inout BlobWriter) throws(LeptonError) in
            try ModelFile.encode(snapshot) { (bytes) throws(LeptonError) in try writer.write(bytes) }
        }
        try store.setReference(reference, digest)
        return digest
    }

    /// The model's state that a name stands for; nil when there is no such name.
    static func snapshot(_ reference: String, in store: Store) throws(LeptonError) -> ModelSnapshot? {
        guard let digest = try store.reference(reference) else { return nil }
        return try store.map(digest).withUnsafeBytes { (bytes) throws(LeptonError) in try ModelFile.decode(bytes) }
    }
}
