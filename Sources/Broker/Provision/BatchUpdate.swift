import ContextModel
import Federation

extension BatchOperation {
    /// Batch Entity Update (clause 5.6.9).
    ///
    /// Unless it `overwrites`, existing attributes stay and are reported as errors, and nothing
    /// can be removed.
    package static func update(overwrites: Bool) -> BatchOperation {
        var operation = BatchOperation(
            reading: .init(allowsNull: overwrites),
            atSources: .update(overwrites: overwrites)
        ) { stored, input, now throws(EntityError) in
            guard let stored else { return nil }
            return overwrites
                ? try .update(of: stored, with: input.fragment, at: now)
                : try .appending(to: stored, input.fragment, overwrites: false, at: now)
        }
        operation.reportsUntouched = !overwrites
        return operation
    }
}
