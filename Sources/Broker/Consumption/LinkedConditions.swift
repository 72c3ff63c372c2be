import ContextModel
import Governance
import Storage

extension Hub {
    /// The condition, with the targets of its Linked Entity terms found (clause 4.9, `a{b}==1`).
    ///
    /// They are looked for with the same grant as the entities that lead to them, so a query tells
    /// nothing of entities that the reader may not see.
    func linkedTargets(
        _ condition: Condition,
        from store: any TenantStore,
        grant: ReadGrant
    ) async throws -> Condition {
        switch condition {
        case .all(let parts):
            return .all(try await linkedTargets(parts, from: store, grant: grant))
        case .any(let parts):
            return .any(try await linkedTargets(parts, from: store, grant: grant))
        case .not(let part):
            return .not(try await linkedTargets(part, from: store, grant: grant))
        case .linked(var test):
            let target = try await linkedTargets(test.target, from: store, grant: grant)
            test.targets = try await matches(target, in: store, grant: grant)
            return .linked(test)
        default: return condition
        }
    }

    private func linkedTargets(
        _ parts: [Condition],
        from store: any TenantStore,
        grant: ReadGrant
    ) async throws -> [Condition] {
        var found: [Condition] = []
        for part in parts {
            found.append(try await linkedTargets(part, from: store, grant: grant))
        }
        return found
    }

    private func matches(
        _ condition: Condition,
        in store: any TenantStore,
        grant: ReadGrant
    ) async throws -> Set<EntityID> {
        let query = EntityQuery(condition: condition, limit: limits.maximumLinkedEntities)
        let page = try await store.entities(query, grant: grant)
        guard !page.hasMore else {
            throw BrokerError(
                .tooComplexQuery,
                "More than \(limits.maximumLinkedEntities) Linked Entities match the terms in "
                    + "braces; narrow them, for example by type."
            )
        }
        return Set(page.entities.map(\.id))
    }
}
