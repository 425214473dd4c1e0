import CLepton
import Lepton

/// What a history handle stands for.
final class HistoryReference: HandleObject {
    static var handleKind: HandleKind { .history }

    let history: History

    init(_ history: History) { self.history = history }
}

@implementation @c
public func lepton_history_epoch_count(
    _ history: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let history = try object(history, "history", as: HistoryReference.self).history
        let count = try output(count, "count")
        count.pointee = history.epochs.count
    }
}

@implementation @c
public func lepton_history_metric_count(
    _ history: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let history = try object(history, "history", as: HistoryReference.self).history
        let count = try output(count, "count")
        count.pointee = history.names.count
    }
}

@implementation @c
public func lepton_history_metric_name(
    _ history: OpaquePointer?, _ index: Int, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let history = try object(history, "history", as: HistoryReference.self).history
        try requireIndex(index, below: history.names.count)
        try write(history.names[index], to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_history_values(
    _ history: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ values: UnsafeMutablePointer<Double>?,
    _ capacity: Int, _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let history = try object(history, "history", as: HistoryReference.self).history
        let name = try text(name, "name")
        guard let series = history.values(name) else {
            let known = history.names.map { "'\($0)'" }.joined(separator: ", ")
            throw LeptonError(
                .notFound, argument: "name",
                expected: known.isEmpty ? "nothing: there are no series" : "one of \(known)",
                received: "'\(name.prefix(64))'")
        }
        guard values != nil || count != nil else {
            throw LeptonError(
                .invalidArgument, argument: "count", expected: "an address when values is NULL", received: "NULL")
        }
        count?.pointee = series.count
        guard let values else { return }
        guard capacity < 0 || series.count <= capacity else {
            throw LeptonError(
                .invalidArgument, argument: "capacity", expected: "at least \(series.count) values",
                received: "\(capacity)")
        }
        for (index, value) in series.enumerated() { values[index] = value }
    }
}

@implementation @c
public func lepton_history_release(_ history: OpaquePointer?) {
    release(history, kind: .history)
}
