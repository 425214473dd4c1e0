import LeptonTensor
import Testing

@Suite struct JSONValueTests {
    @Test func readsEveryKindOfValue() throws {
        let value = try JSONValue(parsing: #" {"a": [1, -2.5, 1e3, true, false, null], "b": {"c": "x"}} "#)
        #expect(value == ["a": [1, -2.5, 1000.0, true, false, nil], "b": ["c": "x"]])
    }

    @Test func keepsKeyOrderAndTheLastOfTwoEqualKeys() throws {
        let object = try #require(JSONValue(parsing: #"{"z": 1, "a": 2, "z": 3}"#).objectValue)
        #expect(object.keys == ["z", "a"])
        #expect(object["z"] == 3)
    }

    @Test(arguments: [
        "\"\\u00e9\\ud83d\\ude00\\n\\\"\"", "[]", "{}", "-0.0", "1e-7", "9223372036854775807", "[[[[1]]]]",
    ])
    func survivesWritingAndReading(_ text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(try JSONValue(parsing: value.text) == value)
    }

    @Test func writesAsPythonDoes() {
        let value: JSONValue = ["rate": 1.0, "units": 3, "name": "a\"b", "list": [1, nil]]
        #expect(value.text == #"{"rate": 1.0, "units": 3, "name": "a\"b", "list": [1, null]}"#)
    }

    @Test func takesTheNumbersThatPythonWrites() throws {
        let values = try #require(JSONValue(parsing: "[NaN, Infinity, -Infinity]").arrayValue)
        #expect(values[0].doubleValue?.isNaN == true)
        #expect(values[1].doubleValue == .infinity)
        #expect(values[2].doubleValue == -.infinity)
    }

    @Test(arguments: [
        "", "{", "[1,", "[1 2]", "{\"a\" 1}", "{a: 1}", "nul", "01", "1.", "1e", "-", "\"\\x\"", "\"\\ud800\"", "\"a",
        "[1]]", "\"\u{1}\"", "+1", "'a'",
    ])
    func refusesWhatIsNotJSON(_ text: String) {
        let error = #expect(throws: LeptonError.self) { try JSONValue(parsing: text) }
        #expect(error?.code == .corruptData)
        #expect(error?.message.contains("offset") == true)
    }

    @Test func refusesInvalidUTF8() {
        let error = #expect(throws: LeptonError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
        #expect(error?.code == .corruptData)
    }

    @Test(arguments: ["[", "{\"a\":"])
    func refusesAbsurdDepthWithoutOverflowingTheStack(_ opening: String) {
        let error = #expect(throws: LeptonError.self) {
            try JSONValue(parsing: String(repeating: opening, count: 1_000_000))
        }
        #expect(error?.message.contains("levels of nesting") == true)
    }
}
