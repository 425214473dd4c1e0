import CLepton
import Lepton

/// A struct of lepton.h that begins with `struct_size`, so that a program and a library built against different
/// versions of the header understand each other. Only C structs conform, so their bytes may be copied.
protocol VersionedStruct {
    /// Every field at its default, `struct_size` at this library's size.
    static var defaults: Self { get }
}

/// No struct of any version will be larger, so that a size that was never set is noticed before it is believed.
private let largestSize = 4096

extension VersionedStruct {
    /// The body of an `_init_sized` function: writes no more than the caller's struct holds. A size that no struct
    /// has writes nothing but itself where it can, so that the call that is given the options refuses them.
    static func initialize(_ address: UnsafeMutablePointer<Self>?, size: Int) {
        guard let address, size >= MemoryLayout<Int>.size else { return }
        let target = UnsafeMutableRawPointer(address)
        target.storeBytes(of: size, as: Int.self)
        guard size <= largestSize else { return }
        write(Self.defaults, to: address, size: size)
    }

    /// Reads options: fields that the program does not know take their defaults, fields that the library does not
    /// know must be zero. NULL gives the defaults.
    static func read(_ address: UnsafePointer<Self>?, _ argument: String) throws(LeptonError) -> Self {
        var value = Self.defaults
        guard let address else { return value }
        let source = UnsafeRawPointer(address)
        let size = try declaredSize(source, argument, minimum: MemoryLayout<Int>.size)
        withUnsafeMutableBytes(of: &value) { bytes in
            bytes.copyMemory(from: UnsafeRawBufferPointer(start: source, count: min(size, bytes.count)))
        }
        for offset in MemoryLayout<Self>.size..<max(size, MemoryLayout<Self>.size)
        where source.load(fromByteOffset: offset, as: UInt8.self) != 0 {
            throw LeptonError(
                .notSupported, argument: argument,
                expected: "zero in the fields after byte \(MemoryLayout<Self>.size), which this version "
                    + "(\(LEPTON_VERSION_STRING)) does not know",
                received: "a value at byte \(offset)")
        }
        return value
    }

    /// Fills in a result struct, whose `struct_size` the caller has set and keeps; fields that the library does
    /// not know become zero.
    static func write(_ value: Self, to address: UnsafeMutablePointer<Self>, size: Int) {
        let target = UnsafeMutableRawPointer(address)
        let header = MemoryLayout<Int>.size
        withUnsafeBytes(of: value) { bytes in
            let known = min(size, bytes.count)
            (target + header).copy(from: UnsafeRawBufferPointer(rebasing: bytes[header..<known]))
            (target + known).initializeMemory(as: UInt8.self, repeating: 0, count: size - known)
        }
    }

    /// The size that the caller of a result struct has set: at least this version's, which is the first.
    static func resultSize(_ address: UnsafeMutablePointer<Self>, _ argument: String) throws(LeptonError) -> Int {
        try declaredSize(UnsafeRawPointer(address), argument, minimum: MemoryLayout<Self>.size)
    }

    /// Sizes are multiples of 8 because `size_t` aligns every struct; another value would cut a field in two.
    private static func declaredSize(
        _ source: UnsafeRawPointer, _ argument: String, minimum: Int
    ) throws(LeptonError) -> Int {
        let size = source.loadUnaligned(as: Int.self)
        guard size >= minimum, size <= largestSize, size % MemoryLayout<Int>.alignment == 0 else {
            throw LeptonError(
                .invalidArgument, argument: "\(argument).struct_size",
                expected: "sizeof of the struct (\(MemoryLayout<Self>.size) in this version)",
                received: "\(UInt(bitPattern: size))")
        }
        return size
    }
}

extension UnsafeMutableRawPointer {
    fileprivate func copy(from bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        copyMemory(from: source, byteCount: bytes.count)
    }
}

/// Reads an int32 that stands for a truth value.
func flag(_ value: Int32, _ argument: String) throws(LeptonError) -> Bool {
    guard value == 0 || value == 1 else {
        throw LeptonError(.invalidArgument, argument: argument, expected: "0 or 1", received: "\(value)")
    }
    return value == 1
}
