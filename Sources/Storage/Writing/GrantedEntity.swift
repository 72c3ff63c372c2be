package import ContextModel
import Governance

/// An entity as the writer of a change may know it; the only source of a `GrantedChange`.
///
/// For the writer, what the grant does not cover or hides does not exist. Whether a grant covers a
/// change of current state is decided here and nowhere else.
package struct GrantedEntity: Sendable {
    package let id: EntityID
    /// The entity as its writer sees it; nil when there is none, or none that the writer may
    /// change.
    package let seen: Entity?
    private let stored: Entity?
    /// Whether there is one that the writer may not change.
    package var isHidden: Bool { !isCovered }
    private let isCovered: Bool
    private let grant: WriteGrant
    /// What is hidden in the entity as it is stored.
    private let hidden: HiddenFromWriter

    init(_ id: EntityID, stored: Entity?, grant: WriteGrant) {
        self.id = id
        self.stored = stored
        self.grant = grant
        hidden = HiddenFromWriter(in: stored, grant)
        isCovered = stored?.satisfies(grant.condition) ?? true
        seen = isCovered ? stored.map(hidden.shape) : nil
    }

    /// The change as one of the whole entity, if the grant covers the entity before and after it.
    ///
    /// `change` was computed from what the writer sees. What is hidden from the writer stays as it
    /// is, or is removed together with the attribute or entity that contains it. A change that would
    /// show the writer what was hidden before is refused, whether or not there is anything to show.
    package func granted(_ change: EntityChange) throws(NotGranted) -> GrantedChange {
        guard isCovered, !hidden.isNamed(by: change), keepsHidden(change) else {
            throw NotGranted(id: id)
        }
        let whole = hidden.complete(change, of: stored)
        guard whole.after?.satisfies(grant.condition) ?? true else { throw NotGranted(id: id) }
        return GrantedChange(whole)
    }

    /// Whether everything hidden from the writer or shaped for it before the change is so after it, and
    /// the change gives no value to what is hidden then.
    private func keepsHidden(_ change: EntityChange) -> Bool {
        guard let after = change.after else { return true }
        let ends = grant.shaped.contains { element in
            stored.map(element.condition.matches) ?? false && !element.condition.matches(after)
        }
        guard !ends else { return false }
        guard !grant.hidden.isUniform else { return true }
        let then = HiddenFromWriter(in: after, grant)
        return hidden.names.isSubset(of: then.names) && !then.isGivenValue(by: change)
    }
}

/// A change of one entity that the writer is allowed to make.
///
/// Only `GrantedEntity` creates one, after it has checked the change against the grant.
package struct GrantedChange: Sendable {
    /// The change of the whole entity, hidden parts included.
    package let change: EntityChange

    fileprivate init(_ change: EntityChange) { self.change = change }
}

/// The grant of a write does not cover what the write would do.
package struct NotGranted: Error, Sendable, Equatable {
    package let id: EntityID

    package init(id: EntityID) { self.id = id }
}

extension Entity {
    /// Whether the condition holds for this entity.
    package func satisfies(_ condition: Condition) -> Bool { condition.matches(self) }
}
