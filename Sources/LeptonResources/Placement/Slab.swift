/// A growable row of plain values.
///
/// Decisions read and write single fields of records at places that only the placement core hands out. An `Array`
/// would check bounds and uniqueness at each of them, and copy whole records; this is the memory alone. Whoever uses
/// `base` vouches for the index: those that come from outside are checked where they come in.
struct Slab<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 16) {
        self.capacity = max(capacity, 1)
        base = .allocate(capacity: self.capacity)
    }

    init(repeating value: Element, count: Int) {
        self.init(capacity: count)
        base.initialize(repeating: value, count: count)
        self.count = count
    }

    deinit { base.deallocate() }

    /// - Returns: the index of the new element.
    @discardableResult
    mutating func append(_ element: Element) -> Int {
        if count == capacity { grow(to: capacity &* 2) }
        (base + count).initialize(to: element)
        count &+= 1
        return count &- 1
    }

    mutating func append(repeating value: Element, count added: Int) {
        if count &+ added > capacity { grow(to: max(capacity &* 2, count &+ added)) }
        (base + count).initialize(repeating: value, count: added)
        count &+= added
    }

    mutating func popLast() -> Element? {
        guard count > 0 else { return nil }
        count &-= 1
        return base[count]
    }

    mutating func removeAll() { count = 0 }

    private mutating func grow(to larger: Int) {
        let moved = UnsafeMutablePointer<Element>.allocate(capacity: larger)
        moved.moveInitialize(from: base, count: count)
        base.deallocate()
        base = moved
        capacity = larger
    }
}
