import LeptonTensor

extension FloatRows {
    /// Numbers that rows of a table are looked up by must be whole and name one: checked before anything is computed.
    ///
    /// - Parameter limit: rows of the table; nil where the data is looked up nowhere.
    /// - Throws: `invalidArgument`.
    func checkIndices(below limit: Int?, argument: String) throws(LeptonError) {
        guard let limit else { return }
        for index in 0..<rows * floatsPerRow {
            let number = pointer[index]
            guard number >= 0, number < Float(limit), number == number.rounded() else {
                throw LeptonError(
                    .invalidArgument, argument: argument,
                    expected: "whole numbers from 0 to \(limit - 1), which an Embedding layer looks up",
                    received: "\(number) in row \(index / max(floatsPerRow, 1))")
            }
        }
    }
}
