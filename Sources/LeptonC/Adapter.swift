import CLepton
import Lepton
import LeptonNN
import LeptonTensor
import LeptonTraining

// Section "adapter" of lepton.h.

/// What an adapter handle stands for.
///
/// `@unchecked Sendable`: `lock` guards what is below it.
final class AdapterReference: HandleObject, @unchecked Sendable {
    static var handleKind: HandleKind { .adapter }

    private let lock = Lock()
    private let adapter: any LayerAdapter
    /// The layer as JSON, kept because the size-query form asks twice.
    private var result: String?

    init(_ adapter: any LayerAdapter) { self.adapter = adapter }

    func update(_ view: TensorView) throws(LeptonError) {
        try lock.withLock { () throws(LeptonError) in
            result = nil
            try adapter.update(view, argument: "data")
        }
    }

    func finish() throws(LeptonError) -> String {
        try lock.withLock { () throws(LeptonError) in
            if let result { return result }
            let text = LayerRegistry.config(of: try adapter.finish()).text
            result = text
            return text
        }
    }
}

@implementation @c
public func lepton_adapter_create(
    _ layer: UnsafePointer<CChar>?, _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        let layer = try LayerRegistry.make(SerializedObject("layer", json(layer, length: -1, "layer")), nesting: 0)
        guard let adaptable = layer as? any AdaptableLayer else {
            throw LeptonError(.notSupported, "\(layer.identity.className) has nothing to adapt")
        }
        try deliver(AdapterReference(adaptable.makeAdapter()), to: out)
    }
}

@implementation @c
public func lepton_adapter_update(
    _ adapter: OpaquePointer?, _ data: UnsafePointer<lepton_tensor_view>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let adapter = try object(adapter, "adapter", as: AdapterReference.self)
        try adapter.update(dataView(data))
    }
}

@implementation @c
public func lepton_adapter_finish(
    _ adapter: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let adapter = try object(adapter, "adapter", as: AdapterReference.self)
        try write(adapter.finish(), to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_adapter_release(_ adapter: OpaquePointer?) {
    release(adapter, kind: .adapter)
}

@implementation @c
public func lepton_model_adapt(
    _ model: OpaquePointer?, _ layer: UnsafePointer<CChar>?, _ data: UnsafePointer<lepton_tensor_view>?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try model.adapt(layer: text(layer, "layer"), to: dataView(data))
    }
}

@implementation @c
public func lepton_model_configure_layer(
    _ model: OpaquePointer?, _ layer: UnsafePointer<CChar>?, _ config: UnsafePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try model.configure(layer: text(layer, "layer"), config: json(config, length: -1, "config"))
    }
}

private func dataView(_ data: UnsafePointer<lepton_tensor_view>?) throws(LeptonError) -> TensorView {
    guard let view = try tensorViews(data, count: 1, "data", takesText: true).first else {
        throw LeptonError(.invalidArgument, argument: "data", expected: "a tensor view", received: "NULL")
    }
    return view
}
