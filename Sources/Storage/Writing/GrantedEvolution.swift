package import ContextModel
import Governance

/// The temporal evolution of an entity as the writer of a change may know it; the only source of a
/// `GrantedHistory`.
///
/// Whether a grant covers a change of a history is decided here and nowhere else. When the grant
/// covers a part of the history, the store changes that part alone.
package struct GrantedEvolution: Sendable {
    package let id: EntityID
    /// What is known of the entity of the evolution; nil when there is no evolution, or none that
    /// the writer may change.
    package let seen: Entity?
    /// Whether the entity has a history and no current state.
    package let isPast: Bool
    private let isCovered: Bool
    private let grant: WriteGrant
    /// What is hidden in the known entity.
    private let hidden: HiddenFromWriter

    /// `current` is the current state; `evolving` is what is known of the entity of the history.
    init(_ id: EntityID, current: Entity?, evolving: Entity?, grant: WriteGrant) {
        self.id = id
        self.grant = grant
        isPast = current == nil
        // An unknown entity contradicts no condition.
        isCovered = (current ?? evolving)?.satisfies(grant.condition) ?? true
        hidden = HiddenFromWriter(in: current ?? evolving, grant)
        seen = isCovered ? evolving.map(hidden.shape) : nil
    }

    /// Adds instances to the evolution, which is created if there is none.
    ///
    /// `given` is the entity in the request. Where it starts the evolution or gives the entity's
    /// types, the grant must cover it too.
    package func adding(
        _ instances: [NamedAttribute],
        of given: Entity,
        correcting: Bool
    ) throws(NotGranted) -> GrantedHistory {
        guard isCovered, !hidden.isNamed(by: instances) else { throw NotGranted(id: id) }
        if seen == nil || !given.types.isEmpty, !given.satisfies(grant.condition) {
            throw NotGranted(id: id)
        }
        // An entity without current state becomes what the request says.
        if isPast, !grant.hidden.isUniform {
            let evolved = seen?.evolved(types: given.types, scopes: given.scopes, by: []) ?? given
            guard !HiddenFromWriter(in: evolved, grant).isNamed(by: instances) else {
                throw NotGranted(id: id)
            }
        }
        return GrantedHistory(
            id,
            .add(instances, types: given.types, scopes: given.scopes, correcting: correcting)
        )
    }

    /// Removes the evolution or a part of it; throws `error` when there is nothing to remove.
    package func removing(
        _ what: HistoryRemoval,
        orElse error: any Error
    ) throws(NotGranted) -> GrantedHistory {
        guard isCovered else { throw NotGranted(id: id) }
        return GrantedHistory(id, .remove(what, orElse: error))
    }

    /// Replaces one instance, which keeps its `createdAt`; throws `error` when there is none with
    /// this identifier.
    package func replacing(
        _ instanceID: String,
        of name: IRI,
        with attribute: Attribute,
        orElse error: any Error
    ) throws(NotGranted) -> GrantedHistory {
        let named = NamedAttribute(name: name, instances: [attribute])
        guard isCovered, !hidden.isNamed(by: [named]) else { throw NotGranted(id: id) }
        return GrantedHistory(id, .replace(instanceID, name, attribute, orElse: error))
    }
}

/// A change of one evolution that its writer's grant covers, made by `GrantedEvolution` alone.
package struct GrantedHistory: Sendable {
    let id: EntityID
    let step: HistoryStep

    fileprivate init(_ id: EntityID, _ step: HistoryStep) {
        self.id = id
        self.step = step
    }

    /// The instances that a granted change of the entity adds to its evolution.
    init(of entity: Entity, _ instances: [NamedAttribute], correcting: Bool) {
        id = entity.id
        step = .add(
            instances,
            types: entity.types,
            scopes: entity.scopes,
            correcting: correcting
        )
    }
}

/// The change of a history.
enum HistoryStep: Sendable {
    case add([NamedAttribute], types: [IRI], scopes: [String], correcting: Bool)
    case remove(HistoryRemoval, orElse: any Error)
    case replace(String, IRI, Attribute, orElse: any Error)
}
