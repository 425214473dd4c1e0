import LeptonTensor
import Testing

@Suite struct TensorTests {
    @Test func takesNestedArraysOfEveryNumber() throws {
        let tensor = try Tensor([[1, 2, 3], [4, 5, 6]])
        #expect(tensor.shape.extents == [2, 3])
        #expect(tensor.dtype == .int64)
        #expect(tensor.floats == [1, 2, 3, 4, 5, 6])
        #expect(try Tensor([0.5, 1.5]).dtype == .float64)
        #expect(try Tensor([true, false]).floats == [1, 0])
        #expect(try Tensor([UInt8(255)]).floats == [255])
        #expect(try Tensor(7).shape.extents == [])
    }

    @Test func indexesElementsAndAnswersNilOutside() throws {
        let tensor = try Tensor([[1.0, 2.0], [3.0, 4.0]])
        #expect(tensor[1, 0] == 3)
        #expect(tensor[2, 0] == nil)
        #expect(tensor[0] == nil)
        #expect(tensor[-1, 0] == nil)
    }

    @Test func refusesRaggedArrays() {
        let error = #expect(throws: LeptonError.self) { try Tensor([[1, 2], [3]]) }
        #expect(error?.code == .shapeMismatch)
        #expect(error?.expected == "2 elements, as in the first")
        #expect(error?.received == "1")
    }

    @Test func printsAsNumPyDoes() throws {
        #expect("\(try Tensor([[24.5 as Float]]))" == "[[24.5]]")
    }

    @Test func viewsFollowStridesOfAnySign() throws {
        let numbers: [Float] = [0, 1, 2, 3, 4, 5]
        try numbers.withUnsafeBytes { bytes in
            let base = try #require(bytes.baseAddress)
            var output = [Float](repeating: -1, count: 6)
            // Transposed (3, 2), then reversed (6).
            TensorView(base: base, dtype: .float32, shape: try Shape([3, 2]), strides: [1, 3]).copyFloats(to: &output)
            #expect(output == [0, 3, 1, 4, 2, 5])
            TensorView(base: base + 20, dtype: .float32, shape: try Shape([6]), strides: [-1]).copyFloats(to: &output)
            #expect(output == [5, 4, 3, 2, 1, 0])
            // One element read over and over.
            TensorView(base: base + 8, dtype: .float32, shape: try Shape([2, 3]), strides: [0, 0])
                .copyFloats(to: &output)
            #expect(output == [2, 2, 2, 2, 2, 2])
        }
    }

    @Test func contiguityIgnoresAxesOfOneElement() throws {
        let view = { (extents: [Int], strides: [Int]) in
            TensorView(
                base: UnsafeRawPointer(bitPattern: 64)!, dtype: .float32, shape: try Shape(extents), strides: strides)
        }
        #expect(try view([2, 1, 3], [3, 99, 1]).isContiguous)
        #expect(try !view([2, 3], [4, 1]).isContiguous)
        #expect(try view([0, 3], [7, 7]).isContiguous)
    }

    @Test func mutableViewsWriteThroughStrides() throws {
        var output = [Float](repeating: 0, count: 6)
        try output.withUnsafeMutableBytes { bytes in
            let base = try #require(bytes.baseAddress)
            MutableTensorView(base: base, shape: try Shape([2, 3]), strides: [1, 2]).assign(from: [1, 2, 3, 4, 5, 6])
        }
        #expect(output == [1, 4, 2, 5, 3, 6])
    }
}

@Suite struct ShapeTests {
    @Test func refusesShapesThatCannotBe() {
        #expect(#expect(throws: LeptonError.self) { try Shape([2, -1]) }?.code == .shapeMismatch)
        #expect(#expect(throws: LeptonError.self) { try Shape([1 << 40, 1 << 40]) }?.code == .outOfMemory)
        #expect(
            #expect(throws: LeptonError.self) { try Shape(Array(repeating: 1, count: 9)) }?.code == .shapeMismatch)
    }

    @Test func zeroExtentsNeverOverflow() throws {
        #expect(try Shape([0, Int.max, Int.max]).count == 0)
    }

    @Test func printsAsPythonTuples() throws {
        #expect(try Shape([5]).description == "(5,)")
        #expect(try Shape([2, 3]).description == "(2, 3)")
        #expect(try Shape([]).description == "()")
    }
}

@Suite struct NearestNameTests {
    @Test(arguments: [("Dense", "Densse"), ("relu", "rleu"), ("mean_squared_error", "mean_square_error")])
    func findsTheWordMeant(_ meant: String, _ typed: String) {
        let known = ["Dense", "Dropout", "relu", "selu_x", "mean_squared_error", "hinge"]
        #expect(nearestName(to: typed, among: known) == meant)
    }

    @Test func offersNothingWhenNothingIsNear() {
        #expect(nearestName(to: "transformer", among: ["Dense", "Flatten"]) == nil)
    }

    @Test func tensorsAreMadeFromFlatElementsAndFromTensors() throws {
        let flat = try Tensor([1, 2, 3, 4, 5, 6] as [Double], shape: [2, 3])
        #expect(flat.dtype == .float64)
        #expect(flat[1, 0] == 4)
        #expect(try Tensor(flat).floats == flat.floats)
        #expect(
            #expect(throws: LeptonError.self) { try Tensor([1, 2] as [Float], shape: [3]) }?.code == .shapeMismatch)
        #expect(try Tensor([] as [Float], shape: [0, 4]).floats.isEmpty)
    }
}
