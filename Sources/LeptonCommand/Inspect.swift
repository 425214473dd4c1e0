import ArgumentParser
import Lepton

/// `lepton inspect MODEL`: what is in a model file.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the layers, the weights and the compile settings in a model file."
    )

    @Argument(help: "A file that save() of the SDK wrote.", completion: .file())
    var model: String

    @Flag(help: "Print the config and the compile settings as JSON instead.")
    var json = false

    func run() throws {
        let model = try Model.load(from: model)
        let snapshot = try model.snapshot()
        if json {
            let document: JSONValue = ["config": snapshot.config, "compile_config": snapshot.compileConfig]
            print(document.text)
            return
        }
        print(model.summary())
        print(try Inspect.weightTable(model))
        print()
        print(Inspect.settings(snapshot))
    }

    private static func weightTable(_ model: Model) throws(LeptonError) -> String {
        let rows = zip(try model.weightInfos(), try model.weights()).map { info, tensor in
            [info.name, "\(tensor.shape)", "\(tensor.dtype)", info.isTrainable ? "trainable" : "fixed"]
        }
        return alignedLines([["weight", "shape", "type", ""]] + rows).joined(separator: "\n")
    }

    private static func settings(_ snapshot: ModelSnapshot) -> String {
        guard let compiled = snapshot.compileConfig.objectValue else { return "not compiled" }
        var rows = compiled.keys.compactMap { key -> [String]? in
            guard let text = compiled[key].flatMap(Inspect.text(ofSetting:)) else { return nil }
            return [key.replacing("_", with: " "), text]
        }
        rows.append(["epochs trained", "\(snapshot.epochsTrained)"])
        if let steps = snapshot.iterations { rows.append(["optimizer steps", "\(steps)"]) }
        return alignedLines(rows).joined(separator: "\n")
    }

    /// "Adam (learning_rate 0.001, beta_1 0.9)" for a Keras config object; nil when there is nothing to say. What is
    /// absent or switched off in it, and the object's own name, are left out.
    private static func text(ofSetting value: JSONValue) -> String? {
        if value.isNull { return nil }
        if let name = value.stringValue { return name }
        if let items = value.arrayValue {
            return items.isEmpty ? nil : items.compactMap(text(ofSetting:)).joined(separator: ", ")
        }
        guard let className = value.objectValue?["class_name"]?.stringValue else { return value.text }
        let config = value.objectValue?["config"]?.objectValue ?? [:]
        let details = config.keys.compactMap { key -> String? in
            guard key != "name", let detail = config[key], !detail.isNull, detail != false else { return nil }
            return "\(key) \(detail.stringValue ?? detail.text)"
        }
        return details.isEmpty ? className : "\(className) (\(details.joined(separator: ", ")))"
    }
}
