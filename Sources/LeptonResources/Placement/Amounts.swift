/// A `ResourceShape` inside of the placement core: plain, and with arithmetic that cannot trap.
///
/// Sums stay within 64 bits because capacities do: the core refuses nodes whose total would reach a quarter of that,
/// and nothing is ever taken that was not there or on its way back.
struct Amounts: Equatable, BitwiseCopyable {
    var cores: Int
    var memory: Int
    var storage: Int
    var accelerators: Int

    /// The largest total of any resource over all nodes.
    static let largest = Int.max / 4

    init(cores: Int = 0, memory: Int = 0, storage: Int = 0, accelerators: Int = 0) {
        self.cores = cores
        self.memory = memory
        self.storage = storage
        self.accelerators = accelerators
    }

    init(_ shape: ResourceShape) {
        self.init(
            cores: shape.cores, memory: shape.memoryBytes, storage: shape.storageBytes,
            accelerators: shape.accelerators)
    }

    init(repeating value: Int) {
        self.init(cores: value, memory: value, storage: value, accelerators: value)
    }

    var shape: ResourceShape {
        ResourceShape(cores: cores, memoryBytes: memory, storageBytes: storage, accelerators: accelerators)
    }

    @inline(__always)
    func fits(in room: Amounts) -> Bool {
        // One branch: which of the four fails is a coin's toss for the processor.
        let left =
            (room.cores &- cores) | (room.memory &- memory) | (room.storage &- storage)
            | (room.accelerators &- accelerators)
        return left >= 0
    }

    /// Nothing is owed: no amount is below zero.
    @inline(__always)
    var isCovered: Bool { cores | memory | storage | accelerators >= 0 }

    @inline(__always)
    static func &+ (a: Amounts, b: Amounts) -> Amounts {
        Amounts(
            cores: a.cores &+ b.cores, memory: a.memory &+ b.memory, storage: a.storage &+ b.storage,
            accelerators: a.accelerators &+ b.accelerators)
    }

    @inline(__always)
    static func &- (a: Amounts, b: Amounts) -> Amounts {
        Amounts(
            cores: a.cores &- b.cores, memory: a.memory &- b.memory, storage: a.storage &- b.storage,
            accelerators: a.accelerators &- b.accelerators)
    }

    @inline(__always)
    static func &* (a: Amounts, count: Int) -> Amounts {
        if count == 1 { return a }
        return Amounts(
            cores: a.cores &* count, memory: a.memory &* count, storage: a.storage &* count,
            accelerators: a.accelerators &* count)
    }

    /// How often `demand` fits, at most `limit` times.
    func room(for demand: Amounts, atMost limit: Int) -> Int {
        guard demand.fits(in: self) else { return 0 }
        if limit <= 1 { return limit }
        var times = limit
        if demand.cores > 0 { times = min(times, cores / demand.cores) }
        if demand.memory > 0 { times = min(times, memory / demand.memory) }
        if demand.storage > 0 { times = min(times, storage / demand.storage) }
        if demand.accelerators > 0 { times = min(times, accelerators / demand.accelerators) }
        return times
    }

    func minimum(_ other: Amounts) -> Amounts {
        Amounts(
            cores: min(cores, other.cores), memory: min(memory, other.memory), storage: min(storage, other.storage),
            accelerators: min(accelerators, other.accelerators))
    }

    func maximum(_ other: Amounts) -> Amounts {
        Amounts(
            cores: max(cores, other.cores), memory: max(memory, other.memory), storage: max(storage, other.storage),
            accelerators: max(accelerators, other.accelerators))
    }
}
