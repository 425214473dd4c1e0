import Crypto
import LeptonTensor

/// What a sealed file holds; a part of what is authenticated, so that files of one kind cannot stand in for others.
enum SealedKind: UInt8 {
    /// A small blob, or a chunk: which of them is only known once more content follows, or none.
    case content = 1
    case manifest
    case reference
}

/// The format of a sealed file: a header, and segments by the STREAM construction (Hoang, Reyhanitabar, Rogaway and
/// Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015).
///
///     header (64 bytes)   "LPTSEAL1", kind (1), zeros (7), the wrapped data key (40), nonce prefix (7), zero (1)
///     segment             up to 64 KiB, AES-256-GCM under the data key, then the tag (16 bytes)
///     ...                 every segment but the last is full; there is always one
///
/// The nonce of a segment is prefix (7), number (4, big-endian) and 1 for the last segment, else 0: a segment that
/// is missing, in another place, from another file, or the end of a file cut short is found out. The header is
/// authenticated with each segment. The key is used for one file only.
enum SealedFormat {
    static let headerSize = 64
    static let segmentSize = 65_536
    static let tagSize = 16
    private static let magic = Array("LPTSEAL1".utf8)
    private static let wrappedRange = 16..<56
    private static let prefixRange = 56..<63

    static func header(kind: SealedKind, wrapped: [UInt8], prefix: [UInt8]) -> [UInt8] {
        magic + [kind.rawValue] + [UInt8](repeating: 0, count: 7) + wrapped + prefix + [0]
    }

    /// nil unless it is the header of a file of this kind.
    static func parse(header: [UInt8], kind: SealedKind) -> (wrapped: [UInt8], prefix: [UInt8])? {
        guard header.count == headerSize, Array(header[..<8]) == magic, header[8] == kind.rawValue else { return nil }
        return (Array(header[wrappedRange]), Array(header[prefixRange]))
    }

    /// The bytes that a sealed file of `fileSize` bytes holds; nil when no sealed file has that size.
    static func contentSize(ofFile fileSize: Int) -> Int? {
        let body = fileSize - headerSize
        guard body >= tagSize else { return nil }
        let segments = (body - 1) / (segmentSize + tagSize) + 1
        let last = body - (segments - 1) * (segmentSize + tagSize)
        // An empty segment follows no other.
        guard last > tagSize || segments == 1 && last == tagSize else { return nil }
        return body - segments * tagSize
    }

    static func nonce(prefix: [UInt8], number: UInt32, isLast: Bool) throws -> AES.GCM.Nonce {
        let counter = withUnsafeBytes(of: number.bigEndian) { Array($0) }
        return try AES.GCM.Nonce(data: prefix + counter + [isLast ? 1 : 0])
    }
}

/// Seals content that arrives piece by piece; a segment is held back until it is known whether it is the last.
struct Sealer {
    private let key: SymmetricKey
    private let prefix: [UInt8]
    let header: [UInt8]
    private var segment: [UInt8] = []
    private var number: UInt32 = 0

    init(vault: Vault, kind: SealedKind) throws(LeptonError) {
        let (key, wrapped) = try vault.makeDataKey()
        self.key = key
        var generator = SystemRandomNumberGenerator()
        prefix = (0..<7).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        header = SealedFormat.header(kind: kind, wrapped: wrapped, prefix: prefix)
    }

    /// Takes content, and gives `emit` each segment that is full and not the last.
    mutating func seal(
        _ bytes: UnsafeRawBufferPointer, emit: ([UInt8]) throws(LeptonError) -> Void
    ) throws(LeptonError) {
        var rest = bytes
        while !rest.isEmpty {
            if segment.count == SealedFormat.segmentSize { try emit(close(isLast: false)) }
            let count = min(SealedFormat.segmentSize - segment.count, rest.count)
            segment.append(contentsOf: rest[..<count])
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// The last segment.
    mutating func finish() throws(LeptonError) -> [UInt8] { try close(isLast: true) }

    private mutating func close(isLast: Bool) throws(LeptonError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(
                segment, using: key, nonce: SealedFormat.nonce(prefix: prefix, number: number, isLast: isLast),
                authenticating: header)
            number += 1
            segment.removeAll(keepingCapacity: true)
            return Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw LeptonError(.internalError, "cannot seal a segment: \(error)")
        }
    }
}

/// Opens sealed files.
struct Unsealer {
    let vault: Vault
    let kind: SealedKind

    /// Fills `buffer`, whose size is that of the content, from a sealed file.
    ///
    /// - Throws: `corruptData` when anything in the file is not as it was written.
    func open(
        _ file: borrowing FileSystem.Descriptor, path: String, into buffer: UnsafeMutableRawBufferPointer
    ) throws(LeptonError) {
        var header = [UInt8](repeating: 0, count: SealedFormat.headerSize)
        guard try read(file, at: 0, into: &header, path: path),
            let (wrapped, prefix) = SealedFormat.parse(header: header, kind: kind)
        else { throw Unsealer.tampered(path, "another beginning") }
        guard let key = vault.unwrapDataKey(wrapped) else { throw Unsealer.tampered(path, "another data key") }

        var (number, done, position) = (UInt32(0), 0, SealedFormat.headerSize)
        repeat {
            let count = min(SealedFormat.segmentSize, buffer.count - done)
            var sealed = [UInt8](repeating: 0, count: count + SealedFormat.tagSize)
            let isLast = done + count == buffer.count
            guard try read(file, at: position, into: &sealed, path: path),
                let content = try? AES.GCM.open(
                    AES.GCM.SealedBox(
                        nonce: SealedFormat.nonce(prefix: prefix, number: number, isLast: isLast),
                        ciphertext: sealed[..<count], tag: sealed[count...]),
                    using: key, authenticating: header),
                content.count == count
            else { throw Unsealer.tampered(path, "another segment \(number)") }
            // Copying nothing to an empty buffer, which has no address, would trap.
            if count > 0 { content.copyBytes(to: UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])) }
            (number, done, position) = (number &+ 1, done + count, position + sealed.count)
        } while done < buffer.count
    }

    private func read(
        _ file: borrowing FileSystem.Descriptor, at offset: Int, into bytes: inout [UInt8], path: String
    ) throws(LeptonError) -> Bool {
        try bytes.withMutableBytes { (buffer) throws(LeptonError) in
            try FileSystem.read(file, at: offset, into: buffer, path: path)
        }
    }

    static func tampered(_ path: String, _ received: String) -> LeptonError {
        LeptonError(
            .corruptData, argument: path, expected: "a file that this store has sealed, unchanged", received: received)
    }
}
