import ContextModel

extension BatchOperation {
    /// Adds readings, which may arrive late, as imports do.
    ///
    /// The newest reading of an attribute becomes current, an older one goes to history alone, and
    /// a repeated one changes nothing. It is not part of the standard, whose updates always
    /// replace.
    package static let readings: BatchOperation = {
        var operation = BatchOperation(mayCreate: true) { stored, input, now throws(EntityError) in
            guard let stored else { return try input.creation?.get() }
            return try .readings(of: stored, input.fragment, at: now)
        }
        operation.correctsHistory = true
        return operation
    }()
}
