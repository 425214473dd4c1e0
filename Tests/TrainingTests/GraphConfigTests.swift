import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// Functional configs that lie: each is refused with an error, and none stops the process.
@Suite struct GraphConfigTests {
    private static func tensor(_ layer: String, _ output: String = "0", shape: String = "null, 4") -> String {
        #"{"class_name": "__keras_tensor__", "config": {"shape": [\#(shape)], "dtype": "float32", "#
            + #""keras_history": ["\#(layer)", 0, \#(output)]}}"#
    }

    private static func layer(
        _ name: String, _ className: String, module: String = "keras.layers", _ fields: String = "", calls: String
    ) -> String {
        let config = #"{"name": "\#(name)"\#(fields.isEmpty ? "" : ", " + fields)}"#
        return #"{"module": "\#(module)", "class_name": "\#(className)", "config": \#(config), "name": "\#(name)", "#
            + #""inbound_nodes": [\#(calls)]}"#
    }

    private static func call(_ arguments: String) -> String { #"{"args": [\#(arguments)], "kwargs": {}}"# }

    private static let input = layer("x", "InputLayer", #""batch_shape": [null, 4]"#, calls: "")

    private static func model(_ layers: [String], output: String) -> String {
        #"{"class_name": "Functional", "config": {"name": "m", "layers": [\#(([input] + layers).joined(separator: ", "))], "#
            + #""input_layers": [["x", 0, 0]], "output_layers": [\#(output)]}}"#
    }

    private static func function(_ className: String, _ fields: String, _ arguments: String) -> String {
        layer("f", className, module: "keras.src.ops.numpy", fields, calls: call(arguments))
    }

    private func make(_ config: String) throws(LeptonError) -> Model { try Model(config: JSONValue(parsing: config)) }

    private static let dense = layer("d", "Dense", #""units": 3"#, calls: call(tensor("x")))

    @Test func aTrueOneIsMade() throws {
        let model = try make(Self.model([Self.dense], output: #"["d", 0, 0]"#))
        #expect(try model.weights().map(\.shape.extents) == [[4, 3], [3]])
    }

    @Test(arguments: [
        model([dense], output: #"["d", 0, 1]"#),
        model([dense], output: #"["d", 5, 0]"#),
        model([dense], output: #"["e", 0, 0]"#),
        model([dense], output: #"["d", 0, -1]"#),
        model([layer("d", "Dense", #""units": 3"#, calls: call(tensor("x", "7")))], output: #"["d", 0, 0]"#),
        model([layer("d", "Dense", #""units": 3"#, calls: call(tensor("d")))], output: #"["d", 0, 0]"#),
        model([layer("d", "Dense", #""units": 3"#, calls: "")], output: #"["d", 0, 0]"#),
        model([function("Concatenate", #""axis": 1"#, "[], " + tensor("x"))], output: #"["f", 0, 0]"#),
        model([function("Stack", #""axis": 1"#, "[], " + tensor("x"))], output: #"["f", 0, 0]"#),
        model([function("ExpandDims", #""axis": [2, 2]"#, tensor("x"))], output: #"["f", 0, 0]"#),
        model([function("ExpandDims", #""axis": [9]"#, tensor("x"))], output: #"["f", 0, 0]"#),
        model([function("Mean", #""axis": 0"#, tensor("x"))], output: #"["f", 0, 0]"#),
        model([function("Reshape", #""newshape": [null, 9]"#, tensor("x"))], output: #"["f", 0, 0]"#),
        model([function("Split", #""indices_or_sections": 0, "axis": 1"#, tensor("x"))], output: #"["f", 0, 0]"#),
    ])
    func lyingConfigsAreRefused(_ config: String) {
        #expect(throws: LeptonError.self) { try make(config) }
    }

    @Test func newAxesMayBeGivenInAnyOrder() throws {
        let model = try make(
            Self.model([Self.function("ExpandDims", #""axis": [3, 1]"#, Self.tensor("x"))], output: #"["f", 0, 0]"#))
        #expect(try model.predict(Tensor([1, 2, 3, 4] as [Float], shape: [1, 4])).shape.extents == [1, 1, 4, 1])
    }

    @Test func trianglesOfEnormousMatricesAreRefused() throws {
        let config = Self.model([Self.function("Tril", #""k": 0"#, Self.tensor("x"))], output: #"["f", 0, 0]"#)
            .replacing("[null, 4]", with: "[null, 100000, 100000]")
        let error = #expect(throws: LeptonError.self) { try make(config) }
        #expect(error?.code == .notSupported)
    }

    @Test func noChangeOfOneCharacterTraps() throws {
        let layers = [
            Self.dense, Self.layer("a", "Add", calls: Self.call("[\(Self.tensor("d")), \(Self.tensor("d"))]")),
            Self.layer(
                "f", "GetItem", module: "keras.src.ops.numpy",
                calls: Self.call(
                    Self.tensor("a") + #", [{"class_name": "__slice__", "config": {"start": null, "stop": null, "#
                        + #""step": null}}, {"class_name": "__slice__", "config": {"start": 1, "stop": 2, "step": 1}}]"#
                )),
        ]
        let text = Array(Self.model(layers, output: #"["f", 0, 0]"#).utf8)
        _ = try make(String(decoding: text, as: UTF8.self))
        for position in text.indices {
            for replacement in #""{}[],-09"#.utf8 {
                var changed = text
                changed[position] = replacement
                do throws(LeptonError) { _ = try make(String(decoding: changed, as: UTF8.self)) } catch { continue }
            }
        }
    }
}
