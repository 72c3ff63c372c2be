package import ContextModel
package import Governance
import Storage

/// What a party may read of an entity type, for those who run the hub.
package struct TypeReach: Sendable, Equatable {
    package var type: IRI
    /// How many entities the one who asks sees, and how many of these the party may read; nil where the one who asks
    /// may not see what decides that.
    package var all: Int
    package var readable: Int?
    /// Attributes that are not there for the party, in all these entities or in some.
    package var hidden: [IRI]
    /// Attributes that are rounded, coarsened or delayed for it.
    package var shaped: [IRI]
}

/// What a party may read.
package struct PartyReach: Sendable, Equatable {
    package var types: [TypeReach]
    package var mayWrite: Bool
    package var mayAdminister: Bool
}

extension Reading {
    /// What another caller may read of the largest types, in numbers; nothing is read for the other.
    ///
    /// Not part of the standard. Throws for one who does not run the hub.
    package func reach(
        of other: Caller,
        types limit: Int,
        caller: Caller
    ) async throws -> PartyReach {
        try access.requireAdministration(caller)
        let largest = try await largestTypes(limit, caller: caller).information
        var reach = PartyReach(
            types: [],
            mayWrite: (try? await access.writeGrant(other)) != nil,
            mayAdminister: access.policy.permitsAdministration(other)
        )
        let decision = try await access.decideRead(other)
        for type in largest {
            guard case .grant(let grant) = decision else {
                reach.types.append(
                    TypeReach(
                        type: type.type,
                        all: type.entityCount,
                        readable: 0,
                        hidden: [],
                        shaped: []
                    )
                )
                continue
            }
            let names = Set(type.attributes.map(\.name))
            let hidden = grant.hidden.elements.reduce(into: grant.hidden.everywhere) {
                $0.formUnion($1.names)
            }
            let shaped = grant.hidden.shaped.reduce(into: Set<IRI>()) { $0.formUnion($1.names) }
            reach.types.append(
                TypeReach(
                    type: type.type,
                    all: type.entityCount,
                    readable: try await count(.type(type.type).and(grant.condition), caller),
                    hidden: hidden.intersection(names).sorted { $0.text < $1.text },
                    shaped: shaped.intersection(names).sorted { $0.text < $1.text }
                )
            )
        }
        return reach
    }

    /// How many of the entities that the caller sees meet the condition; nil where it may not ask that.
    private func count(_ condition: Condition, _ caller: Caller) async throws -> Int? {
        let query = EntityQuery(condition: condition, limit: 0, wantsCount: true)
        do {
            return try await queryEntities(query, caller: caller).page.count
        } catch let error as BrokerError where error.code == .badRequestData {
            // The rules of the party look at an attribute that is hidden from the caller.
            return nil
        }
    }
}
