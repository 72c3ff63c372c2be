import ContextModel

extension BatchOperation {
    /// Batch Entity Creation (clause 5.6.7).
    package static let create = BatchOperation(mayCreate: true) { stored, input, _ in
        stored == nil ? input.creation : nil
    }
}
