import LeptonTensor

/// Faults that a fit's nodes have on purpose: a program's own test of what it does when nodes fail.
///
///     let plan = FaultPlan([
///         .kill(node: 1, step: 7),
///         .slow(node: 0, step: 9, seconds: 30),
///     ])
///
/// As JSON: `[{"node": 1, "step": 7, "kind": "kill"}, {"node": 0, "step": 9, "kind": "slow", "seconds": 30}]`.
public struct FaultPlan: Sendable, Equatable {
    /// One fault of one node.
    public struct Fault: Sendable, Equatable {
        public enum Kind: Sendable, Equatable {
            /// The node ends at once, as by `kill -9`, with the work that it was just given.
            case kill
            /// The node does not answer any more.
            case stall
            /// The node answers so many seconds late.
            case slow(seconds: Double)
            /// A bit of a message changes on its way.
            case corrupt(Message)
        }

        /// Which message is damaged.
        public enum Message: String, Sendable, CaseIterable {
            /// The one that asks the node for a shard.
            case request
            /// The node's answer.
            case answer
            /// The results that the answer speaks of.
            case results
        }

        public let kind: Kind
        /// Which node, from 0 on.
        public let node: Int
        /// In which step of the fit, counted over all epochs from 0 on.
        public let step: Int
        /// In which phase of the step: 0 but for models that look at whole batches half-way (`BatchNormalization`).
        public let phase: Int

        public init(_ kind: Kind, node: Int, step: Int, phase: Int = 0) {
            self.kind = kind
            self.node = node
            self.step = step
            self.phase = phase
        }

        public static func kill(node: Int, step: Int, phase: Int = 0) -> Fault {
            Fault(.kill, node: node, step: step, phase: phase)
        }
        public static func stall(node: Int, step: Int, phase: Int = 0) -> Fault {
            Fault(.stall, node: node, step: step, phase: phase)
        }
        public static func slow(node: Int, step: Int, phase: Int = 0, seconds: Double) -> Fault {
            Fault(.slow(seconds: seconds), node: node, step: step, phase: phase)
        }
        public static func corrupt(_ message: Message, node: Int, step: Int, phase: Int = 0) -> Fault {
            Fault(.corrupt(message), node: node, step: step, phase: phase)
        }
    }

    public var faults: [Fault]

    public init(_ faults: [Fault] = []) { self.faults = faults }

    /// - Throws: `invalidArgument` for what is no list of faults, with the fault's number.
    public init(json: JSONValue) throws(LeptonError) {
        guard let list = json.arrayValue else {
            throw LeptonError(
                .invalidArgument, argument: "faults", expected: "a list of objects", received: json.kindName)
        }
        faults = []
        for (index, item) in list.enumerated() {
            do throws(LeptonError) { faults.append(try FaultPlan.fault(item)) } catch {
                throw error.adding(context: "faults[\(index)]")
            }
        }
    }

    private static let fields = ["kind", "node", "step", "phase", "seconds", "message"]

    private static func fault(_ value: JSONValue) throws(LeptonError) -> Fault {
        guard let fields = value.objectValue else {
            throw LeptonError(.invalidArgument, argument: "fault", expected: "an object", received: value.kindName)
        }
        for key in fields.keys where !FaultPlan.fields.contains(key) {
            throw unknownName("field", key, known: FaultPlan.fields)
        }
        func number(_ name: String, _ standard: Int?) throws(LeptonError) -> Int {
            guard let given = fields[name] ?? standard.map({ .integer(Int64($0)) }), let number = given.intValue,
                number >= 0
            else {
                throw LeptonError(
                    .invalidArgument, argument: name, expected: "a whole number of at least 0",
                    received: fields[name]?.kindName ?? "none")
            }
            return number
        }
        let kind = try kind(fields)
        return Fault(kind, node: try number("node", nil), step: try number("step", nil), phase: try number("phase", 0))
    }

    private static func kind(_ fields: JSONObject) throws(LeptonError) -> Fault.Kind {
        let name = fields["kind"]?.stringValue ?? ""
        switch name {
        case "kill": return .kill
        case "stall": return .stall
        case "slow":
            guard let seconds = fields["seconds"]?.doubleValue, seconds > 0, seconds < 1e9 else {
                throw LeptonError(
                    .invalidArgument, argument: "seconds", expected: "a number above 0 and below 1e9",
                    received: fields["seconds"]?.kindName ?? "none")
            }
            return .slow(seconds: seconds)
        case "corrupt":
            let message = fields["message"] ?? "answer"
            guard let part = message.stringValue.flatMap(Fault.Message.init(rawValue:)) else {
                throw LeptonError(
                    .invalidArgument, argument: "message", expected: "'request', 'answer' or 'results'",
                    received: message.kindName)
            }
            return .corrupt(part)
        default:
            throw unknownName("kind", name, known: ["kill", "stall", "slow", "corrupt"])
        }
    }
}
