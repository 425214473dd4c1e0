import LeptonNN
import LeptonTensor

/// A run of trained parameters that one task works on.
struct ParameterPiece: BitwiseCopyable {
    let offset: Int
    let count: Int
    /// Which of the trained weights it belongs to; pieces of a single pass cross their boundaries and have none.
    let weight: Int
}

/// A trained weight as the stages of an update see it: plain memory.
struct TrainedWeight: BitwiseCopyable {
    /// Where it stands among all parameters, and in the slots of the optimizer.
    let offset: Int
    let count: Int
    /// The last two axes, and how many such matrices there are; a vector is a row.
    let matrices: Int
    let rows: Int
    let columns: Int
    /// Whether it has two axes or more.
    let hasFactors: Bool
    let decays: Bool
    /// Muon: whether it is updated as Adam does it.
    let usesAdam: Bool
    let firstPiece: Int
    let pieces: Int
    let constraint: WeightConstraint?
    /// Memory that its stages need.
    let scratchFloats: Int

    init(
        _ weight: OperationGraph.Weight, _ entry: ParameterLayout.Entry, _ optimizer: Optimizer, firstPiece: Int,
        pieces: Int
    ) throws(LeptonError) {
        let shape = weight.spec.shape
        offset = entry.offset
        count = entry.count
        columns = shape.last ?? 1
        rows = shape.count < 2 ? 1 : shape[shape.count - 2]
        matrices = shape.dropLast(2).reduce(1, *)
        hasFactors = shape.count >= 2
        decays = optimizer.options.decays(weight)
        var scratch = 0
        if case .muon(let settings) = optimizer.kind {
            usesAdam = settings.usesAdam(weight)
            // Two square matrices of the shorter side, and one of the weight's size.
            if !usesAdam { scratch = 2 * min(rows, columns) * min(rows, columns) + count }
        } else {
            usesAdam = false
        }
        constraint = try weight.spec.constraint.map { (constraint) throws(LeptonError) in
            try WeightConstraint(constraint, shape: shape, of: weight.path)
        }
        scratchFloats = max(scratch, constraint?.inner ?? 0)
        self.firstPiece = firstPiece
        self.pieces = pieces
    }
}

/// A constraint made ready for one weight, seen as (outer, reduced, inner) with norms over the middle.
struct WeightConstraint: BitwiseCopyable {
    let isNonNegative: Bool
    let outer: Int
    let reduced: Int
    let inner: Int
    let minimum: Float
    let maximum: Float
    let rate: Float

    init(_ constraint: Constraint, shape: [Int], of weight: String) throws(LeptonError) {
        let extents = try constraint.extents(shape: shape, of: weight)
        (outer, reduced, inner) = (extents.outer, extents.reduced, extents.inner)
        switch constraint.kind {
        case .nonNegative:
            isNonNegative = true
            (minimum, maximum, rate) = (0, 0, 0)
        case .norm(let minimum, let maximum, let rate):
            isNonNegative = false
            (self.minimum, self.maximum, self.rate) = (Float(minimum), Float(maximum), Float(rate))
        }
    }
}

/// `UpdateOptions.Clipping` as plain memory, without limits that do nothing.
enum GradientClipping: BitwiseCopyable {
    case none
    case norm(Float)
    case globalNorm(Float)
    case value(Float)

    init(_ clipping: UpdateOptions.Clipping) {
        switch clipping {
        case .norm(let limit) where limit > 0: self = .norm(Float(limit))
        case .globalNorm(let limit) where limit > 0: self = .globalNorm(Float(limit))
        case .value(let limit) where limit > 0: self = .value(Float(limit))
        default: self = .none
        }
    }
}

/// Adafactor's numbers of one step.
struct AdafactorStep: BitwiseCopyable {
    let rate: Float
    let decay: Float
    let epsilon1: Float
    let epsilon2: Float
    let clipThreshold: Float
}
