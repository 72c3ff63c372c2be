import ContextModel

extension BatchOperation {
    /// Takes in readings that may come late, as imports do: the newest of an attribute is current,
    /// an older one is history alone, and what is there already changes nothing.
    ///
    /// Not part of the standard, whose updates replace whatever is there.
    package static let readings: BatchOperation = {
        var operation = BatchOperation(mayCreate: true) { stored, input, now throws(EntityError) in
            guard let stored else { return try input.creation?.get() }
            return try .readings(of: stored, input.fragment, at: now)
        }
        operation.correctsHistory = true
        return operation
    }()
}
