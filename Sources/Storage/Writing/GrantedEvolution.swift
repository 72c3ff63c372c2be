package import ContextModel
import Governance

/// The temporal evolution of an entity as the writer of a change may know it, and the only way to a
/// change of it.
///
/// Whether a grant covers a change of a history is decided here and nowhere else. Of a history
/// of which the grant covers a part, the store changes that part alone.
package struct GrantedEvolution: Sendable {
    package let id: EntityID
    /// What is known of the entity of the evolution; nil when there is no evolution, or none that the
    /// writer may touch.
    package let seen: Entity?
    /// Whether the entity has no current state, so that its history is all there is.
    package let isPast: Bool
    private let isCovered: Bool
    private let grant: WriteGrant
    /// What is hidden in the entity as it is known.
    private let hidden: HiddenFromWriter

    /// `current` is the current state, and `evolving` what is known of the entity of the history.
    init(_ id: EntityID, current: Entity?, evolving: Entity?, grant: WriteGrant) {
        self.id = id
        self.grant = grant
        isPast = current == nil
        // Of an unknown entity nothing speaks against it.
        isCovered = (current ?? evolving)?.satisfies(grant.condition) ?? true
        hidden = HiddenFromWriter(in: current ?? evolving, grant)
        seen = isCovered ? evolving.map(hidden.shape) : nil
    }

    /// Instances added to the evolution, which begins with them when there is none.
    ///
    /// `given` is the entity as the request has it. Where it begins the evolution, or says what the
    /// entity is, the grant must cover it too.
    package func adding(
        _ instances: [NamedAttribute],
        of given: Entity,
        correcting: Bool
    ) throws(NotGranted) -> GrantedHistory {
        guard isCovered, !hidden.isNamed(by: instances) else { throw NotGranted(id: id) }
        if seen == nil || !given.types.isEmpty, !given.satisfies(grant.condition) {
            throw NotGranted(id: id)
        }
        // What is known of an entity without current state becomes what the request says.
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

    /// The evolution, or a part of it, removed; `error` is thrown where there is nothing to remove.
    package func removing(
        _ what: HistoryRemoval,
        orElse error: any Error
    ) throws(NotGranted) -> GrantedHistory {
        guard isCovered else { throw NotGranted(id: id) }
        return GrantedHistory(id, .remove(what, orElse: error))
    }

    /// One instance replaced, which keeps its `createdAt`; `error` is thrown where there is none of
    /// that identifier.
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

    /// What a granted change of the entity adds to its evolution.
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

/// What is done to a history.
enum HistoryStep: Sendable {
    case add([NamedAttribute], types: [IRI], scopes: [String], correcting: Bool)
    case remove(HistoryRemoval, orElse: any Error)
    case replace(String, IRI, Attribute, orElse: any Error)
}
