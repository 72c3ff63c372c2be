package import ContextModel
package import Governance
package import Storage

/// What is kept about a person: entities as they are, and what they were.
package struct SubjectData: Disclosable {
    package let entities: EntityPage<EncodedEntity>
    package let evolutions: EvolutionPage

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) throws {
        for entity in entities.entities { try entity.value().noteDisclosure(note) }
        for evolution in evolutions.evolutions {
            note(evolution.id, evolution.attributes.map(\.name))
        }
    }
}

extension Governing {
    /// A page of all that is kept about a person, for the person itself, whatever it has chosen.
    ///
    /// Not part of the standard.
    package func data(
        about subject: SubjectID,
        offset: Int,
        limit: Int,
        caller: Caller
    ) async throws -> Disclosed<SubjectData> {
        let session = try await session(about: subject, caller)
        let most = reading.limits.maximumInstances
        let data = try await session.read { transaction in
            SubjectData(
                entities: try transaction.encodedEntities(
                    EntityQuery(condition: .everything, offset: offset, limit: limit)
                ),
                evolutions: try transaction.evolutions(
                    TemporalQuery(
                        condition: .everything,
                        timeProperty: .modifiedAt,
                        instanceLimit: most,
                        offset: offset,
                        limit: limit
                    )
                )
            )
        }
        return try await session.seal(data)
    }
}

/// What is kept about a person now, without the values: how many entities, and some of them.
package struct SubjectHoldings: Disclosable {
    package let count: Int
    package let entities: [Entity]

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for entity in entities { entity.noteDisclosure(note) }
    }
}

extension Governing {
    /// How many entities are about a person now, and so many of them, for the person itself.
    ///
    /// Not part of the standard.
    package func holdings(
        about subject: SubjectID,
        limit: Int,
        caller: Caller
    ) async throws -> Disclosed<SubjectHoldings> {
        let session = try await session(about: subject, caller)
        let holdings = try await session.read { transaction in
            let page = try transaction.entities(
                EntityQuery(condition: .everything, limit: limit, wantsCount: true)
            )
            return SubjectHoldings(
                count: page.count ?? page.entities.count,
                entities: page.entities
            )
        }
        return try await session.seal(holdings)
    }
}

extension Governing {
    /// The right of the person itself to read what is about it.
    private func session(about subject: SubjectID, _ caller: Caller) async throws -> ReadSession {
        let decision = try await access.policy(of: caller.tenant).decideAccess(to: subject, caller)
        guard case .grant(let grant) = decision else { throw BrokerError(decision) }
        return ReadSession(
            try await access.existingStore(caller.tenant),
            grant,
            SessionRecord(access.recorder, of: caller)
        )
    }
}

extension BrokerError {
    /// Why a decision is not a grant.
    init(_ decision: ReadDecision) {
        switch decision {
        case .deny(let reason): self.init(reason)
        case .grant: preconditionFailure("a grant is no reason")
        }
    }
}
