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
    static let maximumSteps = 50_000_000

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
    /// A source's part is left out where the whole would be hidden if it were of that part's types:
    /// no source opens what another one says is of a type that the reader may not see.
    func entity(
        _ parts: EntityParts,
        with own: Entity?,
        claims: ClaimIndex,
        at now: Timestamp
    ) -> EncodedEntity? {
        guard let whole = parts.merged(with: own, claims: claims, at: now),
            isSeen(whole), own.map(isSeen) ?? true
        else { return nil }
        var seen = parts
        seen.parts.removeAll { !isSeen($0.entity, in: whole, beside: own) }
        let shaping = grant.hidden.shaping(in: whole)
        let isWhole = own == nil && seen.parts.count == parts.parts.count
        let shown =
            isWhole ? whole : seen.merged(with: own.map(grant.shape), claims: claims, at: now)
        guard let shown = shown.map(shaping.shape), question.matches(shown, within: budget) else {
            return nil
        }
        return EncodedEntity(shown)
    }

    /// Whether the reader may see a source's part of the entity: the hub itself is believed about
    /// scopes, for a source may know of none.
    private func isSeen(_ part: Entity, in whole: Entity, beside own: Entity?) -> Bool {
        var view = whole
        view.types = part.types
        view.scopes = part.scopes + (own?.scopes ?? [])
        let isAlike =
            Set(view.types) == Set(whole.types) && Set(view.scopes) == Set(whole.scopes)
        return isAlike || isSeen(view)
    }

    /// Whether the reader may see the entity by itself.
    func isSeen(_ entity: Entity) -> Bool {
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
        claims: ClaimIndex,
        where condition: Condition = .everything,
        at now: Timestamp
    ) async throws -> [EncodedEntity] {
        let own = try await ownParts(of: Set(gathered.parts.keys))
        let merged = MergedEntities(by: grant, where: condition)
        let found = gathered.parts.sorted { $0.key.uri < $1.key.uri }.compactMap { id, parts in
            merged.entity(parts, with: own[id], claims: claims, at: now)
        }
        try merged.requireDecided()
        return found
    }
}

extension ReadSession {
    /// The session without what other sources hold alone (clause 4.3.6.3): the hub may have copies
    /// in spite of their registration, which are none of the answer.
    func without(_ claims: ClaimIndex) -> ReadSession {
        guard !claims.isEmpty else { return self }
        let held = claims.held
        let whole = Condition.any(of: held.filter(\.attributes.isEmpty).map(\.entities))
        let parts = held.filter { !$0.attributes.isEmpty }
        return with(grant.without(whole, parts.map { (names: $0.attributes, in: $0.entities) }))
    }

    /// The request without the identifiers of entities that the reader may not see here; nil if none are left.
    ///
    /// No source is asked for an entity that the hub has and hides from the reader.
    func askable(
        _ forwarding: Forwarding,
        knowing own: [EntityID: Entity]
    ) throws(StorageError) -> Forwarding? {
        let merged = MergedEntities(by: grant)
        let hidden = Set(own.filter { !merged.isSeen($0.value) }.keys)
        try merged.requireDecided()
        guard !hidden.isEmpty else { return forwarding }
        var rest = forwarding
        rest.selections = forwarding.selections.compactMap { selection in
            var selection = selection
            selection.ids?.subtract(hidden)
            return selection.ids?.isEmpty == true ? nil : selection
        }
        return rest.selections.isEmpty ? nil : rest
    }
}
