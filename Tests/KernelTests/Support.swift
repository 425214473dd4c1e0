import CLeptonKernels
import Testing

/// All suites are nested in this one, which runs them one after the other: the instruction set in use belongs to
/// the process.
@Suite(.serialized) struct KernelTests {}

/// Lengths around every vector width, and longer ones.
let lengths = [0, 1, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 1000]

/// The instruction sets that this processor has, the scalar reference first.
let availableISAs = ["scalar", "baseline", "avx2", "avx512"].filter { name in
    let before = String(cString: lepton_k_isa())
    defer { _ = lepton_k_select_isa(before) }
    return lepton_k_select_isa(name) == 0
}

/// Runs `body` once per instruction set, then returns to the one that was in use.
func onEveryISA(_ body: (String) -> Void) {
    let before = String(cString: lepton_k_isa())
    defer { _ = lepton_k_select_isa(before) }
    for name in availableISAs {
        _ = lepton_k_select_isa(name)
        body(name)
    }
}

/// Runs `body` with the scalar reference and with every other instruction set, and expects the same numbers.
func expectLikeScalar(
    within tolerance: Float, _ comment: @autoclosure () -> String = "", location: SourceLocation = #_sourceLocation,
    _ body: () -> [Float]
) {
    var reference: [Float] = []
    onEveryISA { name in
        let result = body()
        if name == "scalar" {
            reference = result
        } else if let i = firstDifference(result, reference, tolerance) {
            let found = i < result.count ? result[i] : .nan, wanted = i < reference.count ? reference[i] : .nan
            Issue.record("\(name) \(comment()): element \(i) is \(found), not \(wanted)", sourceLocation: location)
        }
    }
}

/// The first element that differs by more than `tolerance` times max(1, magnitude). NaN equals NaN only.
func firstDifference(_ a: [Float], _ b: [Float], _ tolerance: Float) -> Int? {
    if a.count != b.count { return min(a.count, b.count) }
    return a.indices.first { !agree(a[$0], b[$0], tolerance) }
}

func agree(_ a: Float, _ b: Float, _ tolerance: Float) -> Bool {
    if a.isNaN || b.isNaN { return a.isNaN && b.isNaN }
    if a == b { return true }
    return abs(a - b) <= tolerance * max(1, abs(b))
}

/// An array between guard zones, one float off the alignment of a vector. The guards are a NaN, so that a kernel
/// that reads them shows it in its result, and of a certain pattern, so that one that writes them is found out.
/// To be held in a constant while its pointer is in use.
final class Guarded {
    private static let guardCount = 40
    private static let pattern: UInt32 = 0x7fc0_dead
    private let base: UnsafeMutableRawPointer
    private let floats: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        let total = count + 2 * Self.guardCount + 1
        base = .allocate(byteCount: total * 4, alignment: 64)
        floats = base.bindMemory(to: Float.self, capacity: total)
        for i in 0..<total { floats[i] = Float(bitPattern: Self.pattern) }
    }

    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (i, value) in values.enumerated() { pointer[i] = value }
    }

    deinit { base.deallocate() }

    var pointer: UnsafeMutablePointer<Float> { floats + Self.guardCount + 1 }

    /// The contents, after a check of the guards.
    func values(location: SourceLocation = #_sourceLocation) -> [Float] {
        let before = (0...Self.guardCount).allSatisfy { floats[$0].bitPattern == Self.pattern }
        let after = (0..<Self.guardCount).allSatisfy { pointer[count + $0].bitPattern == Self.pattern }
        #expect(before && after, "a kernel wrote outside its output", sourceLocation: location)
        return (0..<count).map { pointer[$0] }
    }
}

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): the tests' own numbers.
struct SplitMix {
    var state: UInt64

    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func uniform(_ low: Float, _ high: Float) -> Float {
        low + (high - low) * Float(next() >> 40) * 0x1p-24
    }
}

func random(_ count: Int, _ low: Float = -3, _ high: Float = 3, seed: Int) -> [Float] {
    var generator = SplitMix(seed)
    return (0..<count).map { _ in generator.uniform(low, high) }
}

/// The distance of `value` from `exact`, in units of the last place of a float of that size.
func ulps(_ value: Float, _ exact: Double) -> Double {
    let nearest = Float(exact)
    if value.isNaN || nearest.isNaN { return value.isNaN && nearest.isNaN ? 0 : .infinity }
    if nearest.isInfinite || value.isInfinite { return value == nearest ? 0 : .infinity }
    return abs(Double(value) - exact) / Double(nearest.ulp)
}
