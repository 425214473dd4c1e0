import LeptonTensor

extension ModelGraph {
    /// The layer of a path such as "encoder/text".
    ///
    /// - Throws: `notFound`.
    package func layer(at path: String) throws(LeptonError) -> any Layer {
        let (index, rest) = try place(of: path)
        guard let rest else { return layers[index] }
        return try inner(index, path).graph.layer(at: rest)
    }

    /// Puts another layer of the same class in its place; it keeps the name.
    ///
    /// - Throws: `notFound`; `invalidArgument` for a layer of another class.
    package mutating func replaceLayer(at path: String, with layer: any Layer) throws(LeptonError) {
        let (index, rest) = try place(of: path)
        if let rest {
            var model = try inner(index, path)
            try model.graph.replaceLayer(at: rest, with: layer)
            layers[index] = model
            return
        }
        let known = layers[index]
        guard known.identity.className == layer.identity.className, !known.identity.isModel else {
            throw LeptonError(
                .invalidArgument, argument: "layer", expected: "a \(known.identity.className), as '\(path)' is",
                received: layer.identity.className)
        }
        var layer = layer
        layer.options = known.options
        layers[index] = layer
    }

    private func place(of path: String) throws(LeptonError) -> (index: Int, rest: String?) {
        let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let index = layers.firstIndex(where: { $0.options.name == String(parts[0]) }) else {
            throw LeptonError(.notFound, "the model has no layer '\(path.prefix(200))'")
        }
        return (index, parts.count > 1 ? String(parts[1]) : nil)
    }

    private func inner(_ index: Int, _ path: String) throws(LeptonError) -> ModelLayer {
        guard let model = layers[index] as? ModelLayer else {
            throw LeptonError(.notFound, "the model has no layer '\(path.prefix(200))'")
        }
        return model
    }
}
