import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

@Suite struct ConvolutionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let input: [Int]
        let layers: @Sendable () -> [any Layer]
    }

    /// Each has weights in front of the layer in question, so that the gradient of its input is looked at too. Nothing
    /// that jumps is among them: largest values are compared with Keras's.
    static let cases: [Case] = [
        Case(
            testDescription: "strided, grouped and padded convolutions, mean pooling", input: [7, 6, 2],
            layers: {
                [
                    Conv2D(
                        filters: 4, kernelSize: [3, 2], strides: [2, 1], padding: .same, activation: .tanh,
                        inputShape: [7, 6, 2]),
                    Conv2D(filters: 6, kernelSize: 2, groups: 2, activation: .sigmoid),
                    AveragePooling2D(poolSize: 2, strides: 1, padding: .same),
                ]
            }),
        Case(
            testDescription: "dilated causal convolution of steps", input: [9, 3],
            layers: {
                [
                    Dense(units: 3, inputShape: [9, 3]),
                    Conv1D(filters: 5, kernelSize: 3, padding: .causal, dilationRate: 2, activation: .tanh),
                ]
            }),
        Case(
            testDescription: "transposed convolution", input: [3, 4, 2],
            layers: {
                [
                    Dense(units: 2, inputShape: [3, 4, 2]),
                    Conv2DTranspose(filters: 3, kernelSize: 3, strides: [2, 1], padding: .same, activation: .tanh),
                ]
            }),
        Case(
            testDescription: "separable convolution, overlapping means", input: [6, 6, 2],
            layers: {
                [
                    SeparableConv2D(
                        filters: 4, kernelSize: 3, depthMultiplier: 2, activation: .tanh, inputShape: [6, 6, 2]),
                    AveragePooling2D(poolSize: 2, strides: 1),
                ]
            }),
        Case(
            testDescription: "volumes with channels first", input: [2, 4, 4, 3],
            layers: {
                [
                    Conv3D(filters: 3, kernelSize: 2, dataFormat: .channelsFirst, inputShape: [2, 4, 4, 3]),
                    GlobalAveragePooling3D(dataFormat: .channelsFirst),
                ]
            }),
        Case(
            testDescription: "edges and sizes", input: [5, 4, 2],
            layers: {
                [
                    Conv2D(filters: 2, kernelSize: 2, inputShape: [5, 4, 2]), ZeroPadding2D(padding: 1),
                    Cropping2D(cropping: EdgeWidths([[0, 1], [1, 1]])), UpSampling2D(size: [1, 2]),
                    DepthwiseConv2D(kernelSize: 2, depthMultiplier: 2),
                    UpSampling2D(size: 2, interpolation: .bilinear), GlobalAveragePooling2D(),
                ]
            }),
    ]

    @Test(arguments: cases) func agreesWithFiniteDifferences(_ item: Case) throws {
        let rows = 4
        try expectFiniteDifferences(
            layers: item.layers() + [Flatten(), Dense(units: 2)], loss: .meanSquaredError,
            x: try numbers([rows] + item.input, seed: 3), y: try numbers([rows, 2], seed: 4), seed: 5)
    }

    static func network() -> [any Layer] {
        [
            Conv2D(filters: 8, kernelSize: 3, activation: .relu, inputShape: [14, 14, 1]), MaxPooling2D(),
            Conv2D(filters: 12, kernelSize: 3, padding: .same, activation: .relu), MaxPooling2D(),
            Conv2DTranspose(filters: 6, kernelSize: 3, strides: 2, padding: .same, activation: .relu),
            DepthwiseConv2D(kernelSize: 3), Flatten(), Dense(units: 3),
        ]
    }

    @Test func sameBitsOnAnyNumberOfNodes() throws {
        let x = try numbers([150, 14, 14, 1], seed: 1), y = try numbers([150, 3], seed: 2)
        var bits: [[UInt32]] = []
        for workers in [1, 2, 5] {
            let model = try Model()
            try model.setSeed(7)
            for layer in Self.network() { try model.add(layer) }
            model.compile(optimizer: .adam(), loss: .meanSquaredError)
            _ = try fit(model, x, y, workers: workers) {
                $0.batchSize = 64
                $0.epochs = 2
            }
            bits.append(try weightBits(model))
        }
        #expect(bits[0] == bits[1] && bits[0] == bits[2])
    }

    @Test func wrongShapesAreRefusedAndLeaveTheModelAsItWas() throws {
        let model = try Model()
        try model.add(Conv2D(filters: 4, kernelSize: 3, inputShape: [6, 6, 3]))
        let refused: [any Layer] = [
            Conv2D(filters: 4, kernelSize: 5), Conv2D(filters: 4, kernelSize: 2, groups: 3),
            Conv2D(filters: 0, kernelSize: 2), Conv2D(filters: 2, kernelSize: [2]),
            Conv2D(filters: 2, kernelSize: 2, strides: 2, dilationRate: 2),
            Conv2D(filters: 2, kernelSize: 2, padding: .causal), Conv1D(filters: 2, kernelSize: 2),
            Conv2D(filters: 2, kernelSize: SpatialExtents([Int.max, 2])), MaxPooling2D(poolSize: 5),
            MaxPooling2D(poolSize: SpatialExtents([1 << 20, 1 << 20]), padding: .same), AveragePooling3D(),
            MaxPooling2D(poolSize: 2, strides: 0), GlobalMaxPooling1D(), Cropping2D(cropping: 2),
            Cropping2D(cropping: -1), ZeroPadding2D(padding: EdgeWidths([[1, 2]] + [[3]])),
            ZeroPadding2D(padding: EdgeWidths([[Int.max, Int.max]])), UpSampling2D(size: 0),
            UpSampling2D(size: SpatialExtents([1 << 30, 1 << 30])), UpSampling1D(),
            Conv2DTranspose(filters: 2, kernelSize: 2, strides: 2, outputPadding: 2),
            Conv2DTranspose(filters: 2, kernelSize: 2, strides: SpatialExtents([1 << 30, 1 << 30])),
            DepthwiseConv2D(kernelSize: 2, depthMultiplier: 0),
            DepthwiseConv2D(kernelSize: 2, depthMultiplier: Int.max),
            SeparableConv2D(filters: 2, kernelSize: 6),
        ]
        for layer in refused {
            #expect(throws: LeptonError.self, "\(layer)") { try model.add(layer) }
        }
        try model.add(MaxPooling2D())
        #expect(try model.weights().map(\.shape.extents) == [[3, 3, 3, 4], [4]])
    }
}
