import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct Data {
        /// Converts `values` laid out with `stride` elements between them, one byte off any alignment.
        func expectConverted<T: BitwiseCopyable>(
            _ values: [T], dtype: Int, stride: Int, _ convert: (T) -> Float,
            location: SourceLocation = #_sourceLocation
        ) {
            let size = MemoryLayout<T>.size, n = values.count
            let byteCount = (n * max(abs(stride), 1) + 1) * size + 1
            let bytes = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 16)
            defer { bytes.deallocate() }
            // A negative stride starts at the last element.
            let first = bytes + 1 + (stride < 0 ? (n - 1) * -stride * size : 0)
            for (i, value) in values.enumerated() where stride != 0 || i == 0 {
                (first + i * stride * size).storeBytes(of: value, as: T.self)
            }
            let expected = values.map { convert(stride == 0 ? values[0] : $0) }
            onEveryISA { name in
                let out = Guarded(count: n)
                lepton_k_convert_f32(out.pointer, first, Int32(dtype), stride, n)
                #expect(out.values() == expected, "\(name) dtype \(dtype) stride \(stride)", sourceLocation: location)
            }
        }

        @Test(arguments: lengths.filter { $0 > 0 }) func conversion(n: Int) {
            var generator = SplitMix(n)
            let raw = (0..<n).map { _ in generator.next() }
            for stride in [1, 2, 3, 0, -1, -2] {
                expectConverted(random(n, seed: n), dtype: LEPTON_K_FLOAT32, stride: stride) { $0 }
                expectConverted(raw.map { Double($0) * 0x1p-30 }, dtype: LEPTON_K_FLOAT64, stride: stride) { Float($0) }
                expectConverted(
                    raw.map { Int32(truncatingIfNeeded: $0) }, dtype: LEPTON_K_INT32, stride: stride
                ) { Float($0) }
                expectConverted(
                    raw.map { Int64(bitPattern: $0) }, dtype: LEPTON_K_INT64, stride: stride
                ) { Float($0) }
                expectConverted(
                    raw.map { UInt8(truncatingIfNeeded: $0) }, dtype: LEPTON_K_UINT8, stride: stride
                ) { Float($0) }
                expectConverted(
                    raw.map { UInt8(truncatingIfNeeded: $0) & 0x82 }, dtype: LEPTON_K_BOOL, stride: stride
                ) { $0 == 0 ? 0 : 1 }
            }
        }

        @Test func doublesBeyondTheRangeBecomeInfinite() {
            expectConverted(
                [1e300, -1e300, 1e-300, .infinity, 3.4028235e38], dtype: LEPTON_K_FLOAT64, stride: 1
            ) { Float($0) }
        }

        @Test func gatheringRows() {
            for width in [0, 1, 3, 8, 33] {
                let table = random(10 * width, seed: width), order: [Int64] = [3, 0, 9, 9, 5]
                let source = Guarded(table), out = Guarded(count: order.count * width)
                lepton_k_gather_rows_f32(out.pointer, source.pointer, order, order.count, width)
                #expect(out.values() == order.flatMap { table[Int($0) * width..<(Int($0) + 1) * width] })
            }
        }
    }
}
