extension TensorView {
    /// Calls `body` with the address of each element, in row-major order.
    private func forEachElement(
        _ body: (Int, UnsafeRawPointer) throws(LeptonError) -> Void
    ) throws(LeptonError) {
        guard shape.count > 0 else { return }
        let (outer, inner, innerStride) = TensorView.collapsed(shape.extents, strides)
        var index = 0
        var failure: LeptonError?
        TensorView.forEachOffset(outer) { offset in
            guard failure == nil else { return }
            do throws(LeptonError) {
                for i in 0..<inner {
                    try body(index, base + (offset + i * innerStride) * dtype.byteCount)
                    index += 1
                }
            } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// Writes all elements, row-major, as whole numbers; what a fraction has behind the point is cut off.
    ///
    /// - Throws: `nonFinite`; `invalidArgument` beyond 64 bits; `typeMismatch` for text.
    package func copyIntegers(
        to output: UnsafeMutablePointer<Int64>, argument: String
    ) throws(LeptonError) {
        func whole(_ number: Double, _ index: Int) throws(LeptonError) -> Int64 {
            guard number.isFinite else {
                throw LeptonError(
                    .nonFinite, argument: argument, expected: "finite numbers", received: "\(number)\(place(of: index))"
                )
            }
            guard let value = Int64(exactly: number.rounded(.towardZero)) else {
                throw LeptonError(
                    .invalidArgument, argument: argument, expected: "numbers that fit in 64 bits",
                    received: "\(number)\(place(of: index))")
            }
            return value
        }
        try forEachElement { (index, element) throws(LeptonError) in
            switch dtype {
            case .float32: output[index] = try whole(Double(element.loadUnaligned(as: Float.self)), index)
            case .float64: output[index] = try whole(element.loadUnaligned(as: Double.self), index)
            case .int32: output[index] = Int64(element.loadUnaligned(as: Int32.self))
            case .int64: output[index] = element.loadUnaligned(as: Int64.self)
            case .uint8: output[index] = Int64(element.load(as: UInt8.self))
            case .bool: output[index] = element.load(as: UInt8.self) == 0 ? 0 : 1
            case .string:
                throw LeptonError(
                    .typeMismatch, argument: argument, expected: "whole numbers", received: "text")
            }
        }
    }

    /// Writes all elements, row-major, in double precision.
    ///
    /// - Throws: `nonFinite` for NaN and infinity; `typeMismatch` for text.
    package func copyFiniteDoubles(
        to output: UnsafeMutablePointer<Double>, argument: String
    ) throws(LeptonError) {
        try forEachElement { (index, element) throws(LeptonError) in
            let number: Double
            switch dtype {
            case .float32: number = Double(element.loadUnaligned(as: Float.self))
            case .float64: number = element.loadUnaligned(as: Double.self)
            case .int32: number = Double(element.loadUnaligned(as: Int32.self))
            case .int64: number = Double(element.loadUnaligned(as: Int64.self))
            case .uint8: number = Double(element.load(as: UInt8.self))
            case .bool: number = element.load(as: UInt8.self) == 0 ? 0 : 1
            case .string:
                throw LeptonError(.typeMismatch, argument: argument, expected: "numbers", received: "text")
            }
            guard number.isFinite else {
                throw LeptonError(
                    .nonFinite, argument: argument, expected: "finite numbers", received: "\(number)\(place(of: index))"
                )
            }
            output[index] = number
        }
    }

    /// Writes the texts' addresses, row-major, and checks that each is UTF-8.
    ///
    /// - Throws: `typeMismatch` for numbers; `invalidArgument` for NULL or bytes that are not UTF-8.
    package func copyTexts(
        to output: UnsafeMutablePointer<TextBytes>, argument: String
    ) throws(LeptonError) {
        guard dtype == .string else {
            throw LeptonError(
                .typeMismatch, argument: argument, expected: "text", received: "elements of type \(dtype)")
        }
        try forEachElement { (index, element) throws(LeptonError) in
            guard let address = element.loadUnaligned(as: UnsafePointer<UInt8>?.self) else {
                throw LeptonError(
                    .invalidArgument, argument: argument, expected: "NUL-terminated UTF-8 text",
                    received: "NULL\(place(of: index))")
            }
            let text = TextBytes(endingWithNUL: address)
            guard text.isUTF8 else {
                throw LeptonError(
                    .invalidArgument, argument: argument, expected: "UTF-8 text",
                    received: "bytes that are not UTF-8\(place(of: index))")
            }
            output[index] = text
        }
    }

    private func place(of index: Int) -> String {
        let perRow = shape.count / max(rows, 1)
        return shape.rank == 0 || perRow == 0 ? "" : " in row \(index / perRow)"
    }
}

/// Text in memory of someone else.
package struct TextBytes: BitwiseCopyable {
    package let start: UnsafePointer<UInt8>
    package let count: Int

    package init(start: UnsafePointer<UInt8>, count: Int) {
        self.start = start
        self.count = count
    }

    init(endingWithNUL start: UnsafePointer<UInt8>) {
        var count = 0
        while start[count] != 0 { count += 1 }
        self.init(start: start, count: count)
    }

    package var string: String { String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self) }

    /// Whether the bytes are well-formed: no stray or missing continuation, no overlong form, no surrogate.
    var isUTF8: Bool {
        var i = 0
        while i < count {
            let first = start[i]
            i += 1
            guard first >= 0x80 else { continue }
            let extra: Int
            var low: UInt8 = 0x80
            var high: UInt8 = 0xBF
            switch first {
            case 0xC2...0xDF: extra = 1
            case 0xE0...0xEF:
                extra = 2
                if first == 0xE0 { low = 0xA0 }
                if first == 0xED { high = 0x9F }
            case 0xF0...0xF4:
                extra = 3
                if first == 0xF0 { low = 0x90 }
                if first == 0xF4 { high = 0x8F }
            default: return false
            }
            guard i + extra <= count, start[i] >= low, start[i] <= high else { return false }
            for next in i + 1..<i + extra where start[next] & 0xC0 != 0x80 { return false }
            i += extra
        }
        return true
    }
}
