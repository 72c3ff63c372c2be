package import ContextModel

/// A batch operation as sources make it (clauses 5.6.7 to 5.6.10 and 5.6.20): as a whole where they
/// offer it, or else entity by entity.
package struct SourceBatch: Sendable {
    package let operation: DistributedOperation
    /// The operations by which a source makes it entity by entity.
    ///
    /// Where the first one finds that the entity exists, the next one is for that.
    package let singles: [DistributedOperation]
    /// The parameters of the batch request: with them a source makes the same change.
    package var parameters: [KeyValuePair]

    private init(
        _ operation: DistributedOperation,
        _ singles: [DistributedOperation],
        _ parameters: [KeyValuePair] = []
    ) {
        self.operation = operation
        self.singles = singles
        self.parameters = parameters
    }

    package static let create = SourceBatch(.createBatch, [.createEntity])
    package static let delete = SourceBatch(.deleteBatch, [.deleteEntity])

    package static func upsert(replaces: Bool) -> SourceBatch {
        SourceBatch(
            .upsertBatch,
            [.createEntity, replaces ? .replaceEntity : .updateEntity],
            [KeyValuePair(key: "options", value: replaces ? "replace" : "update")]
        )
    }

    package static func update(overwrites: Bool) -> SourceBatch {
        overwrites
            ? SourceBatch(.updateBatch, [.updateEntity])
            : SourceBatch(
                .updateBatch,
                [.appendAttrs],
                [KeyValuePair(key: "options", value: "noOverwrite")]
            )
    }

    /// `parameters` are those for all attributes (clause 6.31.3.1).
    package static func merge(_ parameters: [KeyValuePair]) -> SourceBatch {
        SourceBatch(.mergeBatch, [.mergeEntity], parameters)
    }

    /// Whether it makes entities that do not exist.
    package var mayCreate: Bool { singles.contains(.createEntity) }

    /// The single operations that the source offers, in the order in which they are tried.
    package func singles(of registration: ContextSourceRegistration) -> [DistributedOperation] {
        singles.filter(registration.operations.contains)
    }

    /// The parameters of a single operation.
    package func parameters(of single: DistributedOperation) -> [KeyValuePair] {
        // Whether an entity is replaced or updated is in the choice of the single operation.
        operation == .upsertBatch ? [] : parameters
    }
}
