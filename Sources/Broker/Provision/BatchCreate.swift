import ContextModel
import Federation

extension BatchOperation {
    /// Batch Entity Creation (clause 5.6.7).
    package static let create = BatchOperation(
        mayCreate: true,
        atSources: .create
    ) { stored, input, _ throws(EntityError) in
        stored == nil ? try input.creation?.get() : nil
    }
}
