import Foundation

/// Rows of the data set in file order.
struct Table {
    var features: [[Double]] = []
    var labels: [Float] = []

    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads 30 numbers and a label from each line after the first.
    init(path: String) throws {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        for (index, line) in lines.enumerated().dropFirst() {
            let numbers = line.split(separator: ",").compactMap { Double($0) }
            guard numbers.count == 31 else {
                throw Malformed(description: "\(path):\(index + 1): expected 30 numbers and a label")
            }
            features.append(Array(numbers.prefix(30)))
            labels.append(Float(numbers[30]))
        }
        guard !features.isEmpty else { throw Malformed(description: "\(path): no rows") }
    }

    struct Part {
        var x: [[Float]] = []
        var y: [[Float]] = []
    }

    /// Every fifth row is for the test. Both parts are scaled by the training rows' means and deviations.
    func split() -> (training: Part, test: Part) {
        let rows = features.indices.filter { $0 % 5 != 2 }.map { features[$0] }
        let count = Double(rows.count)
        let mean = (0..<30).map { column in rows.reduce(0.0) { $0 + $1[column] } / count }
        let deviation = (0..<30).map { column in
            (rows.reduce(0.0) { sum, row in
                let difference = row[column] - mean[column]
                return sum + difference * difference
            } / count).squareRoot()
        }
        var training = Part()
        var test = Part()
        for (index, row) in features.enumerated() {
            let x = row.indices.map { Float((row[$0] - mean[$0]) / deviation[$0]) }
            if index % 5 == 2 {
                test.x.append(x)
                test.y.append([labels[index]])
            } else {
                training.x.append(x)
                training.y.append([labels[index]])
            }
        }
        return (training, test)
    }
}
