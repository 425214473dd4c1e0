import LeptonTensor

/// What a fit's nodes are, and how much failing they are forgiven.
public struct NodeOptions: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Threads of this process: the fastest. They share its fate.
        case threads
        /// Worker processes of the `lepton` command, one for each granted core, which share memory with this process:
        /// one that crashes or is killed costs the shards that it was at.
        case processes
    }

    public var kind = Kind.threads
    /// Where the `lepton` command is; nil: what the environment variable LEPTON_COMMAND says, else beside the library.
    public var command: String?
    /// Nodes that are started in place of others, at most, in each fit. Afterwards it goes on with those that are left,
    /// and at last on the calling thread alone.
    public var maximumReplacements = 16
    /// For tests of a program's own.
    public var faults = FaultPlan()
    public var clock = NodeClock.system
    /// Counts what happens to the nodes of all fits.
    package let log = NodeLog()

    public init(kind: Kind = .threads, command: String? = nil) {
        self.kind = kind
        self.command = command
    }

    /// Whether a fit needs more than threads that take shards as they come.
    package var isResilient: Bool { kind == .processes || !faults.faults.isEmpty }

    private static let fields = ["kind", "command", "maximum_replacements", "faults", "clock"]

    /// From `{"kind": "processes", "command": "/usr/bin/lepton", "maximum_replacements": 16, "faults": [...],
    /// "clock": "system" or "virtual"}`, where everything may be left out.
    ///
    /// - Throws: `invalidArgument`.
    public init(json: JSONValue) throws(LeptonError) {
        guard let fields = json.objectValue else {
            throw LeptonError(.invalidArgument, argument: "nodes", expected: "an object", received: json.kindName)
        }
        for key in fields.keys where !NodeOptions.fields.contains(key) {
            throw unknownName("field", key, known: NodeOptions.fields)
        }
        if let value = fields["kind"] {
            guard let kind = value.stringValue.flatMap(Kind.init(rawValue:)) else {
                throw LeptonError(
                    .invalidArgument, argument: "kind", expected: "'threads' or 'processes'",
                    received: value.kindName)
            }
            self.kind = kind
        }
        if let value = fields["command"], !value.isNull {
            guard let path = value.stringValue, !path.isEmpty, !path.utf8.contains(0) else {
                throw LeptonError(
                    .invalidArgument, argument: "command", expected: "the path of the lepton command",
                    received: value.kindName)
            }
            command = path
        }
        if let value = fields["maximum_replacements"] {
            guard let count = value.intValue, (0...1_000_000).contains(count) else {
                throw LeptonError(
                    .invalidArgument, argument: "maximum_replacements", expected: "a whole number from 0 to 1000000",
                    received: value.kindName)
            }
            maximumReplacements = count
        }
        if let value = fields["faults"] { faults = try FaultPlan(json: value) }
        if let value = fields["clock"] {
            guard let name = value.stringValue, name == "system" || name == "virtual" else {
                throw LeptonError(
                    .invalidArgument, argument: "clock", expected: "'system' or 'virtual'", received: value.kindName)
            }
            if name == "virtual" { clock = .virtual() }
        }
    }
}
