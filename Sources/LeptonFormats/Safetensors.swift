import LeptonTensor

/// The safetensors container: an 8-byte length, a JSON header, and raw tensors end to end.
///
/// Format: https://github.com/huggingface/safetensors. Only float32 is read or written, which is all that a model
/// holds. A file is data: reading one runs nothing from it.
package enum Safetensors {
    /// Headers beyond this are refused before they are read; the reference implementation has the same bound.
    static let maximumHeaderBytes = 100_000_000

    package struct Entry {
        package let name: String
        package let shape: Shape
        /// Row-major float32, as many as the shape has elements.
        package let floats: UnsafeBufferPointer<Float>

        package init(name: String, shape: Shape, floats: UnsafeBufferPointer<Float>) {
            self.name = name
            self.shape = shape
            self.floats = floats
        }
    }

    /// The bytes before the tensors: length and header, padded with blanks so that the tensors are aligned to 8 bytes.
    package static func prefix(
        _ entries: [(name: String, shape: Shape)], metadata: [(String, String)]
    ) throws(LeptonError) -> [UInt8] {
        var header = JSONObject()
        if !metadata.isEmpty {
            var fields = JSONObject()
            for (key, value) in metadata { fields[key] = .string(value) }
            header["__metadata__"] = .object(fields)
        }
        var offset = 0
        for entry in entries {
            guard header[entry.name] == nil, entry.name != "__metadata__" else {
                throw LeptonError(
                    .invalidArgument, argument: "tensor name", expected: "a name of its own for each tensor",
                    received: "'\(entry.name)' twice")
            }
            let (end, overflow) = offset.addingReportingOverflow(entry.shape.count * 4)
            guard !overflow else {
                throw LeptonError(.outOfMemory, "the tensors' sizes add up to more than a file can hold")
            }
            header[entry.name] = [
                "dtype": "F32", "shape": .array(entry.shape.extents.map { .integer(Int64($0)) }),
                "data_offsets": [.integer(Int64(offset)), .integer(Int64(end))],
            ]
            offset = end
        }
        var text = Array(JSONValue.object(header).text.utf8)
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        var bytes: [UInt8] = []
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: text.count >> shift)) }
        return bytes + text
    }

    /// What a container holds, checked: no offset outside, no overlap, no gap, sizes as the shapes say.
    package struct Contents {
        package let metadata: JSONObject
        package let tensors: [Tensor]

        package struct Tensor {
            package let name: String
            package let shape: Shape
            /// Bytes within the file.
            package let range: Range<Int>
        }

        /// - Throws: `corruptData` that says which claim of the header does not hold; `notSupported` for tensors that
        ///   are not float32.
        package init(_ file: UnsafeRawBufferPointer) throws(LeptonError) {
            let headerBytes = try Contents.headerRange(file)
            let header = try JSONValue(parsing: Array(file[headerBytes]))
            guard let fields = header.objectValue else {
                throw LeptonError(
                    .corruptData, argument: "safetensors header", expected: "an object", received: header.kindName)
            }
            metadata = fields["__metadata__"]?.objectValue ?? JSONObject()
            var tensors: [Tensor] = []
            for name in fields.keys where name != "__metadata__" {
                tensors.append(try Contents.tensor(name, fields[name] ?? .null, dataStart: headerBytes.upperBound))
            }
            var position = headerBytes.upperBound
            let inPlace = tensors.sorted {
                ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
            }
            for tensor in inPlace {
                guard tensor.range.lowerBound == position else {
                    throw LeptonError(
                        .corruptData, argument: "tensor '\(tensor.name)'",
                        expected: "data right after the tensor before it", received: "a gap or an overlap")
                }
                position = tensor.range.upperBound
            }
            guard position == file.count else {
                throw LeptonError(
                    .corruptData, argument: "safetensors file", expected: "\(position) bytes, as its header says",
                    received: "\(file.count)")
            }
            self.tensors = tensors
        }

        private static func headerRange(_ file: UnsafeRawBufferPointer) throws(LeptonError) -> Range<Int> {
            guard file.count >= 8 else {
                throw LeptonError(
                    .corruptData, argument: "safetensors file", expected: "at least 8 bytes",
                    received: "\(file.count)")
            }
            let length = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
            guard length <= UInt64(Safetensors.maximumHeaderBytes), Int(length) <= file.count - 8 else {
                throw LeptonError(
                    .corruptData, argument: "safetensors header", expected: "a length that fits in the file",
                    received: "\(length) bytes in a file of \(file.count)")
            }
            return 8..<8 + Int(length)
        }

        private static func tensor(
            _ name: String, _ value: JSONValue, dataStart: Int
        ) throws(LeptonError) -> Tensor {
            let shown = "tensor '\(name.prefix(200))'"
            guard let fields = value.objectValue, let dtype = fields["dtype"]?.stringValue,
                let extents = fields["shape"]?.arrayValue, let offsets = fields["data_offsets"]?.arrayValue,
                offsets.count == 2, let begin = offsets[0].intValue, let end = offsets[1].intValue
            else {
                throw LeptonError(
                    .corruptData, argument: shown, expected: "dtype, shape and data_offsets",
                    received: value.kindName)
            }
            guard dtype == "F32" else {
                throw LeptonError(.notSupported, "\(shown): dtype \(dtype) is not supported; convert it to F32")
            }
            var sizes: [Int] = []
            for extent in extents {
                guard let size = extent.intValue, size >= 0 else {
                    throw LeptonError(
                        .corruptData, argument: shown, expected: "extents of at least 0", received: extent.kindName)
                }
                sizes.append(size)
            }
            let shape: Shape
            do throws(LeptonError) { shape = try Shape(sizes) } catch {
                throw LeptonError(
                    .corruptData, argument: shown, expected: "a shape that fits in memory",
                    received: Shape.text(sizes))
            }
            guard begin >= 0, end >= begin, end - begin == shape.count * 4, end <= Int.max - dataStart else {
                throw LeptonError(
                    .corruptData, argument: shown, expected: "\(shape.count * 4) bytes for shape \(shape)",
                    received: "offsets \(begin) to \(end)")
            }
            return Tensor(name: name, shape: shape, range: dataStart + begin..<dataStart + end)
        }
    }
}
