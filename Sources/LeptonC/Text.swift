import Lepton

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Text that the caller must give.
func text(_ pointer: UnsafePointer<CChar>?, _ argument: String) throws(LeptonError) -> String {
    guard let pointer else {
        throw LeptonError(.invalidArgument, argument: argument, expected: "NUL-terminated text", received: "NULL")
    }
    guard let text = String(validatingCString: pointer) else {
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "UTF-8 text", received: "bytes that are not UTF-8")
    }
    return text
}

/// Text that may be NULL.
func optionalText(_ pointer: UnsafePointer<CChar>?, _ argument: String) throws(LeptonError) -> String? {
    guard pointer != nil else { return nil }
    return try text(pointer, argument)
}

/// A JSON document in NUL-terminated text that may be NULL.
func optionalJSON(_ pointer: UnsafePointer<CChar>?, _ argument: String) throws(LeptonError) -> JSONValue? {
    guard let text = try optionalText(pointer, argument) else { return .none }
    return try parseJSON(Array(text.utf8), argument)
}

/// A JSON document of `length` bytes, or up to its NUL when `length` is SIZE_MAX (which Swift sees as -1).
func json(_ pointer: UnsafePointer<CChar>?, length: Int, _ argument: String) throws(LeptonError) -> JSONValue {
    guard let pointer else {
        throw LeptonError(.invalidArgument, argument: argument, expected: "JSON text", received: "NULL")
    }
    guard length >= -1 else {
        throw LeptonError(
            .invalidArgument, argument: "length", expected: "the number of bytes of \(argument), or SIZE_MAX",
            received: "\(UInt(bitPattern: length))")
    }
    let byteCount = length == -1 ? Int(strlen(pointer)) : length
    let bytes = UnsafeRawBufferPointer(start: pointer, count: byteCount)
    return try parseJSON(Array(bytes), argument)
}

/// A name, or a Keras config object as JSON: what optimizers, losses and metrics are given as.
func nameOrConfig(_ pointer: UnsafePointer<CChar>?, _ argument: String) throws(LeptonError) -> JSONValue {
    let text = try text(pointer, argument)
    let first = text.utf8.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
        return text == "null" ? .null : .string(text)
    }
    return try parseJSON(Array(text.utf8), argument)
}

/// The same where it may be NULL.
func optionalNameOrConfig(_ pointer: UnsafePointer<CChar>?, _ argument: String) throws(LeptonError) -> JSONValue? {
    // Said as `.none` because a plain nil can also become the JSON value null.
    guard pointer != nil else { return .none }
    return try nameOrConfig(pointer, argument)
}

/// Answers a size query: see "Text" at the top of lepton.h.
func write(
    _ text: String, to buffer: UnsafeMutablePointer<CChar>?, capacity: Int, length: UnsafeMutablePointer<Int>?
) throws(LeptonError) {
    guard buffer != nil || length != nil else {
        throw LeptonError(
            .invalidArgument, argument: "length", expected: "an address when buffer is NULL", received: "NULL")
    }
    var text = text
    let needed = text.utf8.count
    length?.pointee = needed
    guard let buffer else { return }
    // A capacity beyond Int.max arrives as a negative number; such a buffer holds anything.
    guard capacity < 0 || needed < capacity else {
        throw LeptonError(
            .invalidArgument, argument: "capacity", expected: "at least \(needed + 1) bytes (with the final NUL)",
            received: "\(capacity)")
    }
    text.withUTF8 { bytes in
        if let source = bytes.baseAddress { memcpy(buffer, source, needed) }
    }
    buffer[needed] = 0
}

/// Copies as much of a text as fits a field of fixed size, cut between characters, and always ends it with NUL.
func fill(_ field: UnsafeMutableRawBufferPointer, with text: String) {
    guard !field.isEmpty else { return }
    var bytes = text.utf8.prefix(field.count - 1)
    while bytes.endIndex < text.utf8.endIndex, text.utf8[bytes.endIndex] & 0xC0 == 0x80 { bytes = bytes.dropLast() }
    field.initializeMemory(as: UInt8.self, repeating: 0)
    for (index, byte) in bytes.enumerated() { field[index] = byte }
}

private func parseJSON(_ bytes: [UInt8], _ argument: String) throws(LeptonError) -> JSONValue {
    do throws(LeptonError) {
        return try JSONValue(parsing: bytes)
    } catch {
        throw error.adding(context: argument)
    }
}
