import ContextModel
import Federation
import Governance
import Storage

/// Entities put together from the hub's own parts and those of other sources, as a reader may see
/// them.
struct MergedEntities {
    private let grant: ReadGrant
    private let seen: PreparedCondition
    private let question: PreparedCondition
    private let budget = DecisionBudget(steps: maximumSteps)
    /// The steps that all decisions may take: about half a second.
    private static let maximumSteps = 50_000_000

    /// With a `condition` only the entities that meet it as their reader sees them.
    init(by grant: ReadGrant, where condition: Condition = .everything) {
        self.grant = grant
        seen = PreparedCondition(grant.condition)
        question = PreparedCondition(condition)
    }

    /// The entity of these parts; nil when the reader may not see it, or it does not meet the
    /// condition.
    ///
    /// Rights are decided for the whole entity, as a rule may depend on what another source knows,
    /// and for the hub's own part alone as well: no source can show more of that by what it adds.
    func entity(
        _ parts: EntityParts,
        with own: Entity?,
        claims: [ContextSourceRegistration],
        at now: Timestamp
    ) -> EncodedEntity? {
        guard let whole = parts.merged(with: own, claims: claims, at: now),
            isSeen(whole), own.map(isSeen) ?? true
        else { return nil }
        let shaping = grant.hidden.shaping(in: whole)
        let shown =
            own.map(grant.shape).map { parts.merged(with: $0, claims: claims, at: now) } ?? whole
        guard let shown = shown.map(shaping.shape), question.matches(shown, within: budget) else {
            return nil
        }
        return EncodedEntity(shown)
    }

    private func isSeen(_ entity: Entity) -> Bool {
        seen.matches(grant.dated(entity), within: budget)
    }

    /// Throws when the decisions took too long: then they mean nothing.
    func requireDecided() throws(StorageError) {
        guard budget.isSpent else { return }
        throw StorageError(.tookTooLong, note: "decisions about merged entities")
    }
}

extension ReadSession {
    /// The entities of which sources have parts, as the reader may see them, in the order of their
    /// identifiers.
    ///
    /// Throws `tookTooLong` when deciding takes too long.
    func merged(
        _ gathered: Federating.Gathered,
        where condition: Condition = .everything,
        at now: Timestamp
    ) async throws -> [EncodedEntity] {
        let own = try await ownParts(of: Set(gathered.parts.keys))
        let merged = MergedEntities(by: grant, where: condition)
        let found = gathered.parts.sorted { $0.key.uri < $1.key.uri }.compactMap { id, parts in
            merged.entity(parts, with: own[id], claims: gathered.claims, at: now)
        }
        try merged.requireDecided()
        return found
    }
}
