import LeptonTensor

/// The largest or mean value of each channel over all spatial axes.
///
/// Input (batch, spatial axes..., channels), output (batch, channels), or with `keepsAxes` (batch, 1..., channels).
/// Equal largest values share the gradient. The mean over one axis leaves masked steps out.
public struct GlobalPooling<Axes: SpatialAxes, Kind: PoolingKind>: Layer {
    public static var className: String { "Global\(Kind.namePart)Pooling\(Axes.count)D" }
    public var options: LayerOptions

    public let dataFormat: DataFormat
    public let keepsAxes: Bool

    public init(
        dataFormat: DataFormat = .channelsLast, keepsAxes: Bool = false, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.dataFormat = dataFormat
        self.keepsAxes = keepsAxes
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        dataFormat = try arguments.dataFormat()
        keepsAxes = try arguments.bool("keepdims", default: false)
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["data_format": dataFormat.config, "keepdims": .bool(keepsAxes)] }

    /// Keras's mean over one axis is the only one of them that takes a mask.
    public var maskedInputs: [String: Int?] { !Kind.takesMaximum && Axes.count == 1 ? ["mask": 0] : [:] }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        var shape = try SpatialShape(inputShapes.first ?? [], Axes.count, dataFormat, owner: Self.className)
        shape.extents = keepsAxes ? [Int](repeating: 1, count: Axes.count) : []
        return shape.sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let axes = SpatialShape.axes(Axes.count, dataFormat)
        if !Kind.takesMaximum, Axes.count == 1, let mask = graph.masks[inputs[0]] {
            return try lowerMasked(into: &graph, inputs[0], mask: mask, axis: axes[0])
        }
        return try graph.operations.addReduction(
            Kind.takesMaximum ? .maximum : .mean, inputs[0], axes: axes, keepsAxes: keepsAxes)
    }

    /// The mean over the steps that the mask keeps.
    private func lowerMasked(
        into graph: inout LoweredGraph, _ value: Int, mask: Int, axis: Int
    ) throws(LeptonError) -> Int {
        let steps = graph.operations.sampleShapes[value][axis]
        let column = try graph.operations.addReshape(
            mask, to: dataFormat == .channelsLast ? [steps, 1] : [1, steps])
        let kept = try graph.operations.addBinary(.keepWhere, value, column)
        let sum = try graph.operations.addReduction(.sum, kept, axes: [axis], keepsAxes: keepsAxes)
        let count = try graph.operations.addReduction(.sum, column, axes: [axis], keepsAxes: keepsAxes)
        return try graph.operations.addBinary(.divide, sum, count)
    }
}

public typealias GlobalMaxPooling1D = GlobalPooling<OneAxis, MaximumOfWindow>
public typealias GlobalMaxPooling2D = GlobalPooling<TwoAxes, MaximumOfWindow>
public typealias GlobalMaxPooling3D = GlobalPooling<ThreeAxes, MaximumOfWindow>
public typealias GlobalAveragePooling1D = GlobalPooling<OneAxis, MeanOfWindow>
public typealias GlobalAveragePooling2D = GlobalPooling<TwoAxes, MeanOfWindow>
public typealias GlobalAveragePooling3D = GlobalPooling<ThreeAxes, MeanOfWindow>
