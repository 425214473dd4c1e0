/// Sorts amounts of one resource into 64 levels, four to each doubling: fine where little is left, which is where a
/// busy cluster is, and coarse where there is plenty.
struct LevelScale: ~Copyable {
    static let count = 64
    /// The largest amount in whole units is just below this.
    private static let units = 1 << 17
    /// Scores count in parts of the largest amount.
    static let whole = 1 << 20

    private let shift: Int
    /// The largest amount in units; at least 1.
    private let most: Int
    /// The least amount of each level in parts of the largest one.
    let edges = Slab<Int>(repeating: 0, count: LevelScale.count)

    /// - Parameter largest: the largest amount that will be asked for a level.
    init(largest: Int) {
        var shift = 0
        while largest >> shift >= LevelScale.units { shift += 1 }
        self.shift = shift
        most = max(largest >> shift, 1)
        for level in 0..<LevelScale.count {
            let unit = level < 4 ? level : (4 + level % 4) << (level / 4 - 1)
            edges.base[level] = unit &* LevelScale.whole / most
        }
    }

    /// Grows with the amount; amounts below zero have the lowest level.
    @inline(__always)
    func level(_ amount: Int) -> Int {
        let unit = max(amount, 0) >> shift
        guard unit >= 4 else { return unit }
        let exponent = Int.bitWidth &- 1 &- unit.leadingZeroBitCount
        return min(exponent &* 4 &- 8 &+ (unit >> (exponent &- 2)), LevelScale.count &- 1)
    }

    /// An amount in parts of the largest one.
    @inline(__always)
    func part(_ amount: Int) -> Int { (amount >> shift) &* LevelScale.whole / most }
}
