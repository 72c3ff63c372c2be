import ContextModel
import Storage
import Synchronization

/// Hears the reports of entities whose types are watched, whoever writes them.
final class TypeWatch: Sendable {
    private let watched = Mutex<[TenantName?: [IRI: [SourceHistory]]]>([:])
    private static let silent = LDContext.core.expand(Sourcing.silentAttribute)

    /// Replaces the sources for which reports are noted.
    func follow(_ sources: [LiveSource]) {
        var types: [TenantName?: [IRI: [SourceHistory]]] = [:]
        for source in sources where source.mapping.isWatch && !source.kept.isPaused {
            for type in source.kept.types {
                types[source.key.tenant, default: [:]][type, default: []]
                    .append(source.history)
            }
        }
        watched.withLock { $0 = types }
    }

    /// What is to be done when the change is stored; nil when nobody watches the entity.
    ///
    /// `reserved` has the names of an entity's commands and of their states, which are no reports.
    func whenStored(
        _ change: EntityChange,
        _ tenant: TenantName?,
        at now: Timestamp,
        _ reserved: (EntityID) -> Set<IRI>
    ) -> (@Sendable () -> Void)? {
        guard let entity = change.after else { return nil }
        let histories = watched.withLock { watched -> [SourceHistory] in
            guard let types = watched[tenant] else { return [] }
            return entity.types.flatMap { types[$0] ?? [] }
        }
        guard !histories.isEmpty else { return nil }
        // The hub's own mark is no report, and neither is a command to the entity's device.
        let reserved = reserved(entity.id)
        let changed = change.attributes.filter {
            $0.name != Self.silent && !reserved.contains($0.name)
        }
        guard change.before == nil || !changed.isEmpty else { return nil }
        let observed = changed.compactMap { $0.after?.observedAt }.max()
        let newest = min(observed ?? now, now)
        return {
            for history in histories {
                history.state.withLock { $0.hear(entity.id, newest: newest, at: now) }
            }
        }
    }
}

extension SourceHistory.State {
    /// Notes a report that is no message of the source.
    fileprivate mutating func hear(_ id: EntityID, newest: Timestamp, at now: Timestamp) {
        let wasMarked = things.mayBeMarked(id)
        things.hear(id, newest: newest, at: now)
        things.hearSource(at: now)
        if wasMarked, !things.mayBeMarked(id) { things.returned.insert(id) }
        figures.messages += 1
    }
}
