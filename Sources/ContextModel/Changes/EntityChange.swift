/// The effect of one request on one entity: the state before and after, and each attribute
/// instance that differs.
///
/// History is written from it, and subscriptions are matched with it.
package struct EntityChange: Sendable, Equatable {
    /// One attribute instance before and after; nil where there is none.
    package struct AttributeChange: Sendable, Equatable {
        package var name: IRI
        package var before: Attribute?
        package var after: Attribute?

        package init(name: IRI, before: Attribute?, after: Attribute?) {
            self.name = name
            self.before = before
            self.after = after
        }
    }

    /// The state before; nil when the entity is new.
    package var before: Entity?
    /// The state after; nil when the entity is deleted.
    package var after: Entity?
    package var attributes: [AttributeChange]
    /// The attributes that the request named and that stayed as they were: overwriting was not
    /// allowed, or there was nothing to delete.
    package var untouched: [IRI]
    /// Readings that were observed before the current ones: they become history alone.
    package var late: [NamedAttribute] = []

    package init(
        before: Entity?,
        after: Entity?,
        attributes: [AttributeChange] = [],
        untouched: [IRI] = [],
        late: [NamedAttribute] = []
    ) {
        self.before = before
        self.after = after
        self.attributes = attributes
        self.untouched = untouched
        self.late = late
    }

    /// Whether nothing that an observer could see has changed.
    package var isEmpty: Bool {
        attributes.isEmpty && before != nil && after != nil
            && before?.types == after?.types && before?.scopes == after?.scopes
            && before?.expiresAt == after?.expiresAt
    }
}
