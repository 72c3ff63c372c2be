import ContextModel

extension BatchOperation {
    /// Batch Entity Creation or Update (clause 5.6.8): replaces what exists, or updates it
    /// (`options=update`).
    package static func upsert(replaces: Bool) -> BatchOperation {
        BatchOperation(mayCreate: true) { stored, input, now throws(EntityError) in
            guard let stored else { return input.creation }
            guard replaces else {
                return try .appending(to: stored, input.fragment, overwrites: true, at: now)
            }
            return input.entity.map { .replacement(of: stored, with: $0, at: now) }
        }
    }
}
