package import ContextModel
package import Governance
import Storage

/// What a listener is told: the present state of entities that have changed, and which have ended.
package struct News: Disclosable {
    package let entities: [Entity]
    /// The entities that met the question, as the listener could see them, and do not any more: they were deleted, or have
    /// changed.
    package let ended: [EntityID]
    /// Whether further ones may have ended: the changes since the listener's position are not remembered.
    package let mayMissEnds: Bool
    /// How far the listener has then heard.
    package let position: NewsPosition
    /// Whether there is more to tell at once.
    package let hasMore: Bool

    /// The time of the position is one that the listener is told: hidden changes have no part in it.
    init(
        _ entities: [Entity],
        ended: [EntityID] = [],
        mayMissEnds: Bool = false,
        _ position: NewsPosition,
        hasMore: Bool
    ) {
        self.entities = entities
        self.ended = ended
        self.mayMissEnds = mayMissEnds
        var position = position
        position.time = entities.compactMap(\.modifiedAt).reduce(position.time, max)
        self.position = position
        self.hasMore = hasMore
    }

    package func forEachDisclosure(_ note: (EntityID, [IRI]) -> Void) {
        for entity in entities { entity.noteDisclosure(note) }
        for id in ended { note(id, []) }
    }
}

/// A question whose answer changes: the entities that meet a condition.
package struct NewsQuestion: Sendable {
    package var condition: Condition
    /// The attributes whose changes are told; nil for all.
    package var watched: Set<IRI>?

    package init(condition: Condition, watched: Set<IRI>? = nil) {
        self.condition = condition
        self.watched = watched
    }
}

extension Reading {
    /// The most changes that are looked at for one answer, whose entities are in memory together.
    private static let mostChanges = 100

    /// The value of `Last-Event-ID` for a position, which only the hub can read.
    package func text(of position: NewsPosition, caller: Caller) throws -> String {
        try positions.text(of: position, caller.tenant)
    }

    /// Reads the result of `text(of:caller:)` for the same tenant; nil for any other text.
    package func position(_ text: String, caller: Caller) -> NewsPosition? {
        positions.position(text, caller.tenant)
    }

    /// The place at which a listener begins that has heard nothing yet.
    ///
    /// Throws when the caller may not read.
    package func startOfNews(
        of question: NewsQuestion,
        caller: Caller
    ) async throws -> NewsPosition {
        _ = try await session(caller, condition: question.condition)
        return watch.start(caller.tenant, at: clock())
    }

    /// The entities that meet the question and have changed since the position, as far as the caller may see them
    /// at this moment, and those that met it before and do not any more.
    ///
    /// Of several changes of an entity the last state is told. A change of what is hidden from the caller alone is
    /// not told. An end is told where the caller's present rights cover what the entity was, so that asking again
    /// would tell the same. Not part of the standard.
    package func news(
        of question: NewsQuestion,
        since position: NewsPosition,
        caller: Caller
    ) async throws -> Disclosed<News> {
        // Whoever has lost the right to listen hears it at the next look.
        let session = try await session(caller, condition: question.condition)
        var next = position
        let changes = watch.changes(caller.tenant, from: &next, limit: Self.mostChanges)
        guard let changes else {
            return try await newsByTime(question, since: position, next, session)
        }
        let types = question.condition.possibleTypes
        let possible = changes.filter { change in
            types.map { !$0.isDisjoint(with: change.types) } ?? true
        }
        let times = Dictionary(possible.map { ($0.id, $0.time) }, uniquingKeysWith: min)
        let hasMore = changes.count == Self.mostChanges
        guard !times.isEmpty else {
            return try await session.seal(News([], next, hasMore: hasMore))
        }
        let query = EntityQuery(
            condition: question.condition.and(.ids(Set(times.keys))),
            limit: times.count
        )
        var chooser = NewsChooser(watched: question.watched) { [times] in times[$0] }
        chooser.ends = EndedEntities(possible, question, session.grant)
        let found = try await chosen(by: chooser, from: query, session).chooser
        let ended = found.ends?.ids ?? []
        return try await session.seal(News(found.kept, ended: ended, next, hasMore: hasMore))
    }

    /// The same by `modifiedAt`, where the changes are not remembered: after a restart of the hub, or a long
    /// absence.
    private func newsByTime(
        _ question: NewsQuestion,
        since position: NewsPosition,
        _ next: NewsPosition,
        _ session: ReadSession
    ) async throws -> Disclosed<News> {
        let since = ValueTest(
            path: .modifiedAt,
            comparison: .greaterOrEqual(.dateTime(position.time))
        )
        let query = EntityQuery(
            condition: question.condition.and(.value(since)),
            limit: limits.maximumPage
        )
        let chooser = NewsChooser(watched: question.watched) { _ in position.time }
        let found = try await chosen(by: chooser, from: query, session)
        guard !found.hasMore else {
            // A browser would not come back after an error. It asks anew for everything, and goes on from now.
            var next = next
            next.time = clock()
            return try await session.seal(News([], mayMissEnds: true, next, hasMore: false))
        }
        let news = News(found.chooser.kept, mayMissEnds: true, next, hasMore: false)
        return try await session.seal(news)
    }
}

/// Keeps the entities of which something visible has changed since a time of their own.
private struct NewsChooser: EntityChooser {
    let watched: Set<IRI>?
    let since: @Sendable (EntityID) -> Timestamp?
    /// The ends that are found beside; nil where changes are not remembered.
    var ends: EndedEntities?
    private(set) var kept: [Entity] = []
    var histories: [TemporalQuery] { [] }

    init(watched: Set<IRI>?, since: @escaping @Sendable (EntityID) -> Timestamp?) {
        self.watched = watched
        self.since = since
    }

    mutating func look(at entity: Entity, place: Int) -> Bool {
        ends?.note(entity.id)
        guard let since = since(entity.id) else { return true }
        func isNew(_ time: Timestamp?) -> Bool { time.map { $0 >= since } ?? false }
        let hasNews =
            watched.map { watched in
                entity.attributes.contains { attribute in
                    watched.contains(attribute.name)
                        && attribute.instances.contains { isNew($0.modifiedAt) }
                }
            } ?? isNew(entity.modifiedAt)
        if hasNews { kept.append(entity) }
        return true
    }

    mutating func finish() throws { try ends?.decide() }
}

/// Decides which changed entities a listener could see before, as part of the answer to its question, and cannot any more.
private struct EndedEntities: Sendable {
    private let changes: [ChangeWatch.Change]
    private let grant: ReadGrant
    private let condition: PreparedCondition
    /// The changed entities that meet the question now.
    private var present: Set<EntityID> = []
    private(set) var ids: [EntityID] = []
    /// The steps that the decisions of one answer may take: well under a second.
    private static let maximumSteps = 20_000_000

    init(_ changes: [ChangeWatch.Change], _ question: NewsQuestion, _ grant: ReadGrant) {
        self.changes = changes
        self.grant = grant
        condition = PreparedCondition(grant.restricted(question.condition))
    }

    mutating func note(_ id: EntityID) { present.insert(id) }

    /// Throws `tookTooLong` when the decisions take too many steps.
    mutating func decide() throws(StorageError) {
        let budget = DecisionBudget(steps: Self.maximumSteps)
        var known = present
        for change in changes {
            guard let bytes = change.before, !known.contains(change.id) else { continue }
            let before = try EncodedEntity(bytes).value()
            guard condition.matches(grant.dated(before), within: budget) else { continue }
            known.insert(change.id)
            ids.append(change.id)
        }
        guard !budget.isSpent else {
            throw StorageError(.tookTooLong, note: "decisions about ended entities")
        }
    }
}

extension Condition {
    /// The types of which an entity must have one; nil when it may have any.
    fileprivate var possibleTypes: Set<IRI>? {
        switch self {
        case .type(let type): [type]
        case .all(let parts): parts.lazy.compactMap(\.possibleTypes).first
        case .any(let parts):
            parts.reduce(Set<IRI>?.some([])) { all, part in
                guard let all, let own = part.possibleTypes else { return nil }
                return all.union(own)
            }
        default: nil
        }
    }
}
