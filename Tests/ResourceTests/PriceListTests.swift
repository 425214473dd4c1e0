import LeptonTensor
import Testing

import LeptonResources

@Suite struct PriceListTests {
    private func list(_ text: String) throws(LeptonError) -> PriceList {
        try PriceList(json: JSONValue(parsing: text))
    }

    @Test func survivesJSON() throws {
        let prices = try list(
            #"{"currency": "JPY", "core_hour": 6, "memory_gib_hour": 0.625, "storage_gib_month": "12.000000001"}"#)
        #expect(prices.minorDigits == 0 && prices.minimumSeconds == 1)
        #expect(prices.coreHour.nanoUnits == 6_000_000_000)
        #expect(prices.memoryGiBHour.nanoUnits == 625_000_000)
        #expect(prices.storageGiBMonth.nanoUnits == 12_000_000_001)
        #expect(try PriceList(json: prices.json) == prices)
        #expect(try PriceList(json: PriceList.standard.json) == .standard)
    }

    @Test(
        arguments: [
            ("0.1", 100_000_000), ("0.000000001", 1), ("1e-9", 1), ("5e-05", 50_000), ("0", 0), ("-0", 0),
            ("007.50", 7_500_000_000), ("0.1000000000000", 100_000_000), ("1.5e3", 1_500_000_000_000),
            ("999999999.999999999", 999_999_999_999_999_999),
        ] as [(String, Int128)])
    func decimalsAreReadExactly(text: String, nanoUnits: Int128) throws {
        #expect(try Money(parsing: text, argument: "price").nanoUnits == nanoUnits)
    }

    @Test(arguments: [
        "", ".", "1.", ".5", "-", "abc", "1,5", "0x10", "1e", "e5", "--1", "+1", " 1", "1e99999999999999999999",
        "1e400", "-0.01", "0.0000000001", "1000000000", "1e9", "NaN", "Infinity", "1.5.2", "１",
    ])
    func badDecimalsAreRefused(text: String) {
        let error = expectError(.invalidArgument) { () throws(LeptonError) in
            try Money(parsing: text, argument: "core_hour")
        }
        #expect(error.argument == "core_hour")
    }

    @Test func defectsNameTheKey() {
        let rest = #""memory_gib_hour": "1", "storage_gib_month": "1"}"#
        let cases: [(String, String)] = [
            ("[]", "price list"),
            (#"{"currency": "usd", "core_hour": "1", "# + rest, "currency"),
            (#"{"core_hour": "1", "# + rest, "currency"),
            (#"{"currency": "USD", "# + rest, "core_hour"),
            (#"{"currency": "USD", "core_hour": -0.5, "# + rest, "core_hour"),
            (#"{"currency": "USD", "core_hour": NaN, "# + rest, "core_hour"),
            (#"{"currency": "USD", "core_hour": true, "# + rest, "core_hour"),
            (#"{"currency": "USD", "core_hour": 0.30000000000000004, "# + rest, "core_hour"),
            (#"{"currency": "USD", "core_hour": 1, "minor_digits": 5, "# + rest, "minor_digits"),
            (#"{"currency": "USD", "core_hour": 1, "minimum_seconds": -1, "# + rest, "minimum_seconds"),
            (#"{"currency": "USD", "core_hour": 1, "minimum_seconds": 0.5, "# + rest, "minimum_seconds"),
            (#"{"currency": "USD", "core_hours": 1, "# + rest, "price list key"),
        ]
        for (text, argument) in cases {
            let error = expectError(.invalidArgument) { () throws(LeptonError) in try list(text) }
            #expect(error.argument == argument, "\(text)")
        }
        let misspelt = expectError(.invalidArgument) { () throws(LeptonError) in
            try list(#"{"core_hours": 1}"#)
        }
        #expect(misspelt.message.contains("'core_hour'"))
    }
}
