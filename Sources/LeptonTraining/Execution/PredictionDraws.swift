/// Numbers the predictions and evaluations of a model whose code has random operations at work in these too, so that no two
/// of them draw alike. Guarded by the model's lock.
final class PredictionDraws {
    private var count: UInt64 = 0

    /// What stands for the optimizer's step where none is made; steps of training have the bit above clear.
    func next() -> UInt64 {
        defer { count &+= 1 }
        return 1 << 39 | (count & (1 << 39 - 1))
    }
}
