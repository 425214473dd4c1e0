extension JSONValue {
    /// Nesting deeper than this is refused: no model config needs it, and the parser's stack is finite.
    package static let maximumDepth = 128

    /// Reads one JSON document (RFC 8259), with Python's `NaN`, `Infinity` and `-Infinity` accepted as numbers
    /// because Keras writes them.
    ///
    /// - Throws: `corruptData` with the byte offset when the text is malformed, is not UTF-8, nests deeper than
    ///   128 levels, or has anything after the document.
    /// - Complexity: O(bytes).
    public init(parsing text: String) throws(LeptonError) {
        self = try JSONValue(parsing: Array(text.utf8))
    }

    public init(parsing bytes: [UInt8]) throws(LeptonError) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(LeptonError) -> JSONValue {
        let value = try parseValue(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw malformed("the end of the document") }
        return value
    }

    private func malformed(_ expected: String) -> LeptonError {
        let received =
            position < bytes.count
            ? "byte 0x\(String(bytes[position], radix: 16)) at offset \(position)"
            : "the end of the text at offset \(position)"
        return LeptonError(.corruptData, argument: "JSON", expected: expected, received: received)
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func parseValue(depth: Int) throws(LeptonError) -> JSONValue {
        guard depth < JSONValue.maximumDepth else {
            throw LeptonError(
                .corruptData, argument: "JSON", expected: "at most \(JSONValue.maximumDepth) levels of nesting",
                received: "more at offset \(position)")
        }
        skipSpace()
        guard position < bytes.count else { throw malformed("a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try parseObject(depth: depth)
        case UInt8(ascii: "["): return try parseArray(depth: depth)
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        case UInt8(ascii: "N"): return try parseWord("NaN", .number(.nan))
        case UInt8(ascii: "I"): return try parseWord("Infinity", .number(.infinity))
        default: return try parseNumber()
        }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws(LeptonError) -> JSONValue {
        for offset in 0..<word.utf8CodeUnitCount {
            guard position < bytes.count, bytes[position] == word.utf8Start[offset] else {
                throw malformed("'\(word)'")
            }
            position += 1
        }
        return value
    }

    private mutating func parseObject(depth: Int) throws(LeptonError) -> JSONValue {
        var object = JSONObject()
        position += 1
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "}") {
            position += 1
            return .object(object)
        }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw malformed("a key") }
            let key = try parseString()
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { throw malformed("':'") }
            position += 1
            object[key] = try parseValue(depth: depth + 1)
            if try !continues(until: UInt8(ascii: "}")) { return .object(object) }
        }
    }

    private mutating func parseArray(depth: Int) throws(LeptonError) -> JSONValue {
        var values: [JSONValue] = []
        position += 1
        skipSpace()
        if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try parseValue(depth: depth + 1))
            if try !continues(until: UInt8(ascii: "]")) { return .array(values) }
        }
    }

    /// Steps over a comma (true) or the closing bracket (false).
    private mutating func continues(until close: UInt8) throws(LeptonError) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == close || bytes[position] == UInt8(ascii: ",") else {
            throw malformed("',' or '\(Character(UnicodeScalar(close)))'")
        }
        position += 1
        return bytes[position - 1] != close
    }

    private mutating func parseString() throws(LeptonError) -> String {
        position += 1
        var content: [UInt8] = []
        while true {
            guard position < bytes.count else { throw malformed("the string's closing quote") }
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw LeptonError(
                        .corruptData, argument: "JSON", expected: "UTF-8 text",
                        received: "an invalid sequence before offset \(position)")
                }
                return text
            case UInt8(ascii: "\\"): try parseEscape(into: &content)
            case 0..<0x20: throw malformed("an escaped control character")
            default:
                content.append(byte)
                position += 1
            }
        }
    }

    private mutating func parseEscape(into content: inout [UInt8]) throws(LeptonError) {
        position += 1
        guard position < bytes.count else { throw malformed("an escape") }
        let byte = bytes[position]
        let plain: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F, UInt8(ascii: "b"): 0x08,
            UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
        ]
        if let character = plain[byte] {
            content.append(character)
            position += 1
            return
        }
        guard byte == UInt8(ascii: "u") else { throw malformed("a known escape") }
        position += 1
        var unit = try parseHexadecimal()
        if (0xD800..<0xDC00).contains(unit) {
            guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                bytes[position + 1] == UInt8(ascii: "u")
            else { throw malformed("the second half of a surrogate pair") }
            position += 2
            let low = try parseHexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw malformed("a low surrogate") }
            unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = UnicodeScalar(unit) else { throw malformed("a Unicode scalar") }
        content.append(contentsOf: Array(String(Character(scalar)).utf8))
    }

    private mutating func parseHexadecimal() throws(LeptonError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue,
                bytes[position] < 0x80
            else { throw malformed("four hexadecimal digits") }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func parseNumber() throws(LeptonError) -> JSONValue {
        let start = position
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "I") {
            return try parseWord("Infinity", .number(-.infinity))
        }
        let leading = position
        guard skipDigits() > 0 else { throw malformed("a value") }
        if bytes[leading] == UInt8(ascii: "0"), position - leading > 1 {
            position = leading + 1
            throw malformed("no digit after a leading zero")
        }
        var isWhole = true
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            guard skipDigits() > 0 else { throw malformed("digits after the decimal point") }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            guard skipDigits() > 0 else { throw malformed("digits in the exponent") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text) else { throw malformed("a number") }
        return .number(number)
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        return position - start
    }
}
