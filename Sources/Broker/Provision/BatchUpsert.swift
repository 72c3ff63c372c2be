import ContextModel
import Federation

extension BatchOperation {
    /// Batch Entity Creation or Update (clause 5.6.8): replaces existing entities, or updates them
    /// as in clause 5.6.2 (`options=update`).
    package static func upsert(replaces: Bool) -> BatchOperation {
        BatchOperation(
            reading: .init(allowsNull: !replaces),
            mayCreate: true,
            atSources: .upsert(replaces: replaces)
        ) { stored, input, now throws(EntityError) in
            guard let stored else { return try input.creation?.get() }
            guard replaces else { return try .update(of: stored, with: input.fragment, at: now) }
            return input.entity.map { .replacement(of: stored, with: $0, at: now) }
        }
    }
}
