package import ContextModel

/// Which attributes are hidden from a party or shaped for it, and in which entities.
///
/// What applies to an entity adds up: what one rule hides, no other one shows.
package struct HiddenAttributes: Sendable, Hashable {
    /// Attributes that are hidden in the entities that meet a condition.
    package struct Element: Sendable, Hashable {
        /// Looks at identifiers, types and scopes alone, or at whom the entity is about, which then is
        /// among the names.
        package let condition: Condition
        package let names: Set<IRI>
        /// What is made of the attributes; nil where they are hidden.
        package var shaping: Shaping?
    }

    /// Those that are hidden in every entity, also inside other attributes.
    package let everywhere: Set<IRI>
    /// What is hidden besides in some entities; empty for most parties.
    package let elements: [Element]
    /// What is shaped in some entities or in all; empty for most parties.
    package let shaped: [Element]

    /// Nothing is hidden.
    package init() {
        everywhere = []
        elements = []
        shaped = []
    }

    init(everywhere: Set<IRI>, elements: [Element]) {
        guard !elements.isEmpty else {
            self.everywhere = everywhere
            self.elements = []
            shaped = []
            return
        }
        let all = elements.filter { $0.condition == .everything && $0.shaping == nil }
            .reduce(into: everywhere) { $0.formUnion($1.names) }
        let rest = elements.filter { $0.condition != .nothing && !$0.names.isSubset(of: all) }
        self.everywhere = all
        self.elements = rest.filter { $0.shaping == nil }
        shaped = rest.filter { $0.shaping != nil }
    }

    /// With what others say that is hidden.
    func adding(_ elements: [Element]) -> HiddenAttributes {
        guard !elements.isEmpty else { return self }
        return HiddenAttributes(
            everywhere: everywhere,
            elements: self.elements + shaped + elements
        )
    }

    /// What is hidden or shaped by this value or by the other one.
    func adding(_ other: HiddenAttributes) -> HiddenAttributes {
        guard !other.isEmpty else { return self }
        return HiddenAttributes(
            everywhere: everywhere.union(other.everywhere),
            elements: elements + shaped + other.elements + other.shaped
        )
    }

    /// What is hidden from a writer: it may give values to what is shaped, but not to what is delayed, for
    /// the answer would tell whether that is there.
    var ofWriter: HiddenAttributes {
        guard !shaped.isEmpty else { return self }
        let delayed = shaped.filter { if case .delay = $0.shaping { true } else { false } }
            .map { Element(condition: $0.condition, names: $0.names) }
        return HiddenAttributes(everywhere: everywhere, elements: elements + delayed)
    }

    /// The same with other conditions for what is hidden or shaped in some entities.
    func with(_ elements: [Element], shaped: [Element]) -> HiddenAttributes {
        HiddenAttributes(known: everywhere, elements, shaped)
    }

    private init(known everywhere: Set<IRI>, _ elements: [Element], _ shaped: [Element]) {
        self.everywhere = everywhere
        self.elements = elements
        self.shaped = shaped
    }

    /// Whether the same is hidden in every entity, so that no entity has to be looked at.
    package var isUniform: Bool { elements.isEmpty && shaped.isEmpty }

    /// Whether nothing is hidden in any entity, and nothing shaped.
    package var isEmpty: Bool { everywhere.isEmpty && isUniform }
}
