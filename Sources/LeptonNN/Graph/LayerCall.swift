import LeptonTensor

/// How a layer is called in a graph: which of its arguments are tensors, and the values of the others.
public struct LayerCall: Sendable, Equatable {
    public indirect enum Argument: Sendable, Equatable {
        /// A tensor, by its place among the call's inputs.
        case tensor(Int)
        case list([Argument])
        case value(JSONValue)
    }

    public struct Keyword: Sendable, Equatable {
        public let name: String
        public let argument: Argument

        public init(_ name: String, _ argument: Argument) {
            self.name = name
            self.argument = argument
        }
    }

    public var positional: [Argument]
    public var keywords: [Keyword]

    public init(positional: [Argument], keywords: [Keyword] = []) {
        self.positional = positional
        self.keywords = keywords
    }

    /// One tensor, or a list of several.
    public static func tensors(_ count: Int) -> LayerCall {
        LayerCall(positional: [count == 1 ? .tensor(0) : .list((0..<count).map { .tensor($0) })])
    }

    /// The keyword's argument; nil when it is absent or null.
    public subscript(_ name: String) -> Argument? {
        guard let argument = keywords.first(where: { $0.name == name })?.argument else { return nil }
        return argument == .value(.null) ? nil : argument
    }

    /// Refuses keywords beyond `known`; those that calls of all layers may have are no part of it.
    ///
    /// - Throws: `invalidArgument`.
    package func check(_ owner: String, keywords known: [String] = []) throws(LeptonError) {
        for keyword in keywords where keyword.argument != .value(.null) && !known.contains(keyword.name) {
            throw unknownName("\(owner) call argument", keyword.name, known: known + ["training"])
        }
    }
}
