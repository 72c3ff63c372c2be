package import ContextModel

extension BatchOperation {
    /// Batch Entity Merge (clause 5.6.20).
    package static func merge(_ defaults: MergeDefaults) -> BatchOperation {
        BatchOperation(
            reading: .init(allowsNull: true, allowsNullInside: true, isPartial: true)
        ) { stored, input, now throws(EntityError) in
            guard let stored else { return nil }
            return try .merge(into: stored, input.fragment, common: defaults, at: now)
        }
    }
}
