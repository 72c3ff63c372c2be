/// The operations that a registered source may offer, by their names in registrations (clause
/// 4.20).
package enum DistributedOperation: String, Sendable, Hashable, CaseIterable {
    // Context Information Provision
    case createEntity, updateEntity, appendAttrs, updateAttrs, deleteAttrs, deleteEntity
    case createBatch, upsertBatch, updateBatch, deleteBatch, mergeBatch
    case upsertTemporal, appendAttrsTemporal, deleteAttrsTemporal, updateAttrInstanceTemporal
    case deleteAttrInstanceTemporal, deleteTemporal
    case mergeEntity, replaceEntity, replaceAttrs, purgeEntity
    // Context Information Consumption
    case retrieveEntity, queryEntity, queryBatch, retrieveTemporal, queryTemporal
    case retrieveEntityTypes, retrieveEntityTypeDetails, retrieveEntityTypeInfo
    case retrieveAttrTypes, retrieveAttrTypeDetails, retrieveAttrTypeInfo
    // Context Information Subscription
    case createSubscription, updateSubscription, retrieveSubscription, querySubscription
    case deleteSubscription
    // Support operations for distributed operations
    case retrieveEntityMap, updateEntityMap, deleteEntityMap
    case createEntityMapQueryEntity, createEntityMapQueryTemporal
    case retrieveContextSourceIdentity

    /// Whether it makes entities, and fails for those that exist.
    package var makesEntities: Bool { self == .createEntity || self == .createBatch }

    /// Whether it changes histories, and not the present (clauses 5.6.11 to 5.6.16).
    package var changesHistory: Bool {
        switch self {
        case .upsertTemporal, .appendAttrsTemporal, .deleteAttrsTemporal,
            .updateAttrInstanceTemporal, .deleteAttrInstanceTemporal, .deleteTemporal:
            true
        default: false
        }
    }

    /// The operations that an operation or a group of operations stands for; nil for a name that
    /// is neither.
    package static func operations(named name: String) -> Set<DistributedOperation>? {
        DistributedOperation(rawValue: name).map { [$0] } ?? groups[name]
    }

    /// The group `federationOps`, which a registration has that names none.
    package static let federation: Set<DistributedOperation> =
        association.union([
            .retrieveEntityMap, .updateEntityMap, .deleteEntityMap, .createEntityMapQueryEntity,
        ])

    private static let discovery: Set<DistributedOperation> = [
        .retrieveEntityTypes, .retrieveEntityTypeDetails, .retrieveEntityTypeInfo,
        .retrieveAttrTypes, .retrieveAttrTypeDetails, .retrieveAttrTypeInfo,
    ]

    private static let association: Set<DistributedOperation> =
        discovery.union([
            .retrieveEntity, .queryEntity, .queryBatch, .createSubscription,
            .updateSubscription, .retrieveSubscription, .querySubscription, .deleteSubscription,
            .retrieveContextSourceIdentity,
        ])

    private static let groups: [String: Set<DistributedOperation>] = [
        "federationOps": federation,
        "associationOps": association,
        "updateOps": [.updateEntity, .updateAttrs, .replaceEntity, .replaceAttrs],
        "retrieveOps": [.retrieveEntity, .queryEntity],
        "redirectionOps": discovery.union([
            .createEntity, .updateEntity, .appendAttrs, .updateAttrs, .deleteAttrs,
            .deleteEntity, .mergeEntity, .replaceEntity, .replaceAttrs, .retrieveEntity,
            .queryEntity, .purgeEntity, .retrieveEntityMap, .updateEntityMap, .deleteEntityMap,
            .createEntityMapQueryEntity, .retrieveContextSourceIdentity,
        ]),
    ]
}
