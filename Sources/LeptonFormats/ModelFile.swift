import LeptonTensor
import LeptonTraining

/// A model as one safetensors file: weights and optimizer state as tensors, the config and the counters as metadata.
/// The `safetensors` package of Python reads it.
package enum ModelFile {
    /// Models larger than this are refused on loading.
    private static let maximumBytes = 64 << 30
    private static let formatName = "lepton"
    /// Grows when a file can no longer be read by an older library.
    private static let version = "1"

    /// Passes the file's bytes to `write`, piece by piece.
    package static func encode(
        _ snapshot: ModelSnapshot, write: (UnsafeRawBufferPointer) throws(LeptonError) -> Void
    ) throws(LeptonError) {
        var metadata = [
            ("format", formatName), ("lepton.version", version), ("lepton.config", snapshot.config.text),
            ("lepton.compile_config", snapshot.compileConfig.text), ("lepton.seed", String(snapshot.seed)),
            ("lepton.epochs", String(snapshot.epochsTrained)),
        ]
        if let iterations = snapshot.iterations { metadata.append(("lepton.iterations", String(iterations))) }
        if !snapshot.training.isNull { metadata.append(("lepton.training", snapshot.training.text)) }
        let prefix = try Safetensors.prefix(
            snapshot.tensors.map { ($0.name, $0.tensor.shape) }, metadata: metadata)
        try prefix.withUnsafeBufferPointer { (bytes) throws(LeptonError) in try write(UnsafeRawBufferPointer(bytes)) }
        for item in snapshot.tensors {
            try item.tensor.withView { (view) throws(LeptonError) in
                try write(UnsafeRawBufferPointer(start: view.base, count: view.shape.count * 4))
            }
        }
    }

    package static func decode(_ file: UnsafeRawBufferPointer) throws(LeptonError) -> ModelSnapshot {
        let contents = try Safetensors.Contents(file)
        guard contents.metadata["format"]?.stringValue == formatName else {
            throw LeptonError(
                .corruptData, argument: "model file", expected: "format '\(formatName)' in the metadata",
                received: contents.metadata["format"]?.kindName ?? "none")
        }
        guard let version = contents.metadata["lepton.version"]?.stringValue, version == ModelFile.version else {
            throw LeptonError(
                .notSupported,
                "the model file has version \(contents.metadata["lepton.version"]?.kindName ?? "none"), "
                    + "this library reads \(ModelFile.version)")
        }
        var tensors: [ModelSnapshot.NamedTensor] = []
        for item in contents.tensors {
            let tensor = try Tensor(floats: item.shape) { output in
                let bytes = UnsafeRawBufferPointer(rebasing: file[item.range])
                UnsafeMutableRawBufferPointer(start: output, count: bytes.count).copyMemory(from: bytes)
            }
            tensors.append(ModelSnapshot.NamedTensor(name: item.name, tensor: tensor))
        }
        var iterations: UInt64?
        if contents.metadata["lepton.iterations"] != nil {
            iterations = try counter("lepton.iterations", contents.metadata, upTo: maximumCount)
        }
        return ModelSnapshot(
            config: try document("lepton.config", contents.metadata),
            compileConfig: try document("lepton.compile_config", contents.metadata),
            seed: try counter("lepton.seed", contents.metadata),
            epochsTrained: try counter("lepton.epochs", contents.metadata, upTo: maximumCount),
            iterations: iterations, tensors: tensors,
            training: contents.metadata["lepton.training"] == nil
                ? .null : try document("lepton.training", contents.metadata))
    }

    private static func document(_ key: String, _ metadata: JSONObject) throws(LeptonError) -> JSONValue {
        guard let text = metadata[key]?.stringValue else {
            throw LeptonError(
                .corruptData, argument: "model file", expected: "'\(key)' in the metadata", received: "none")
        }
        return try JSONValue(parsing: text)
    }

    /// Steps and epochs go on from what a file says; no training counts from here to where a UInt64 overflows.
    private static let maximumCount = UInt64(Int64.max)

    private static func counter(
        _ key: String, _ metadata: JSONObject, upTo maximum: UInt64 = .max
    ) throws(LeptonError) -> UInt64 {
        guard let text = metadata[key]?.stringValue, let value = UInt64(text), value <= maximum else {
            throw LeptonError(
                .corruptData, argument: "model file",
                expected: "a whole number from 0 to \(maximum) for '\(key)' in the metadata",
                received: metadata[key]?.kindName ?? "none")
        }
        return value
    }

    package static func read(_ path: String) throws(LeptonError) -> ModelSnapshot {
        let bytes = try FileSystem.readFile(path, maximumBytes: maximumBytes)
        do throws(LeptonError) {
            return try bytes.withUnsafeBufferPointer { (buffer) throws(LeptonError) in
                try decode(UnsafeRawBufferPointer(buffer))
            }
        } catch {
            throw error.adding(context: path)
        }
    }
}

extension Model {
    /// Saves config, weights, compile settings and optimizer state as one safetensors file: written beside the target,
    /// synced, renamed. What was there before is replaced whole or not at all.
    ///
    /// - Throws: `invalidState` when the model is not built; `io`, `permissionDenied`; `notSupported` for the endings
    ///   of Keras's own formats.
    public func save(to path: String) throws(LeptonError) {
        for ending in [".keras", ".h5", ".hdf5"] where path.hasSuffix(ending) {
            throw LeptonError(
                .notSupported, "saving as \(ending) is not supported; use another ending, such as .safetensors")
        }
        try FileSystem.validate(path: path, argument: "path")
        let snapshot = try snapshot()
        var file = try AtomicFile(replacing: path)
        try ModelFile.encode(snapshot) { (bytes) throws(LeptonError) in try file.write(bytes) }
        try file.commit()
    }

    /// Loads what `save` wrote; compiled if it was, and training goes on as if it had not stopped.
    ///
    /// - Throws: `notFound`, `io`; `corruptData` for files that are truncated or lie about themselves.
    public static func load(from path: String) throws(LeptonError) -> Model {
        for ending in [".keras", ".h5", ".hdf5"] where path.hasSuffix(ending) {
            throw LeptonError(
                .notSupported, "loading \(ending) files is not supported; save the model in the format of this library")
        }
        let snapshot = try ModelFile.read(path)
        do throws(LeptonError) { return try Model(restoring: snapshot) } catch {
            throw error.adding(context: path)
        }
    }

    /// Takes weights, optimizer state, learning rate, seed and counters from what `save` wrote of a model of the same
    /// structure, so that training goes on as if it had not stopped.
    ///
    /// - Throws: as `load`; `shapeMismatch`, `invalidArgument` when the file's model is another one; `invalidState`
    ///   during a fit. Nothing changes then.
    package func loadState(from path: String) throws(LeptonError) {
        let snapshot = try ModelFile.read(path)
        do throws(LeptonError) { try restoreState(snapshot) } catch {
            throw error.adding(context: path)
        }
    }
}
