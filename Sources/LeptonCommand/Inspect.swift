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
        var rows = compiled.keys.compactMap { key in
            compiled[key].flatMap { $0.isNull ? nil : [key, $0.text] }
        }
        rows.append(["epochs trained", "\(snapshot.epochsTrained)"])
        if let steps = snapshot.iterations { rows.append(["optimizer steps", "\(steps)"]) }
        return alignedLines(rows).joined(separator: "\n")
    }
}
