/// Why a parameter that selects entities was refused: where it went wrong and how to mend it.
package struct ConditionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The parameter as the caller named it: `q`, `type`, `georel`, ….
    package let parameter: String
    /// Bytes of the decoded value before the fault.
    package let offset: Int
    /// A sentence that quotes the input.
    package let message: String
    /// What to write instead.
    package let hint: String

    package init(parameter: String, offset: Int = 0, message: String, hint: String) {
        self.parameter = parameter
        self.offset = offset
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(parameter), at \(offset): \(message) \(hint)" }
}

/// Expands terms to IRIs (clause 5.5.7), as an `@context` does.
package protocol TermExpansion: Sendable {
    /// The IRI of an attribute or a vocabulary term.
    func expand(attribute: String) -> IRI
    /// The IRI of an entity type.
    func expand(type: String) -> IRI
}

/// How much a parameter that selects entities may ask for.
package struct ConditionLimits: Sendable, Hashable {
    /// Bytes of one parameter.
    package var maximumBytes = 16_384
    /// Parentheses inside one another.
    package var maximumDepth = 32
    /// Terms of `q`, types, scopes or sort keys.
    package var maximumTerms = 256
    /// Values in one list.
    package var maximumListValues = 1_024

    package init() {}
}
