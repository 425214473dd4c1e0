import LeptonTensor

/// A checksum of what nodes send: 64 bits from four lanes that are multiplied and turned with each word of 8 bytes.
///
/// Each step is a bijection of lane and word, so that a change of any one word changes the result for certain, and
/// others go unnoticed once in 2^64. It finds damage; it is no defence against somebody who means to deceive.
struct NodeChecksum: BitwiseCopyable {
    private var a: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var b: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private var c: UInt64 = 0x1656_67B1_9E37_79F9
    private var d: UInt64 = 0x85EB_CA77_C2B2_AE63

    private static let factor: UInt64 = 0x9FB2_1C65_1E98_DF25

    @inline(__always)
    private static func mixed(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        let sum = lane ^ word
        return (sum << 29 | sum >> 35) &* factor
    }

    mutating func add(_ word: UInt64) {
        a = NodeChecksum.mixed(a, word)
        (a, b, c, d) = (b, c, d, a)
    }

    mutating func add(_ bytes: UnsafeRawPointer, count: Int) {
        var offset = 0
        while offset + 32 <= count {
            a = NodeChecksum.mixed(a, bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            b = NodeChecksum.mixed(b, bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
            c = NodeChecksum.mixed(c, bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self))
            d = NodeChecksum.mixed(d, bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
            offset += 32
        }
        while offset < count {
            add(UInt64(bytes.load(fromByteOffset: offset, as: UInt8.self)))
            offset += 1
        }
    }

    /// Copies and adds in one pass: what is copied is what is checked, even if somebody writes to the source meanwhile.
    mutating func copy(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) {
        var offset = 0
        while offset + 32 <= count {
            let w = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let x = source.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)
            let y = source.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
            let z = source.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
            target.storeBytes(of: w, toByteOffset: offset, as: UInt64.self)
            target.storeBytes(of: x, toByteOffset: offset + 8, as: UInt64.self)
            target.storeBytes(of: y, toByteOffset: offset + 16, as: UInt64.self)
            target.storeBytes(of: z, toByteOffset: offset + 24, as: UInt64.self)
            a = NodeChecksum.mixed(a, w)
            b = NodeChecksum.mixed(b, x)
            c = NodeChecksum.mixed(c, y)
            d = NodeChecksum.mixed(d, z)
            offset += 32
        }
        while offset < count {
            let byte = source.load(fromByteOffset: offset, as: UInt8.self)
            target.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
            add(UInt64(byte))
            offset += 1
        }
    }

    var value: UInt64 {
        var whole = a
        for lane in [b, c, d] { whole = NodeChecksum.mixed(whole, lane) }
        return whole
    }
}
