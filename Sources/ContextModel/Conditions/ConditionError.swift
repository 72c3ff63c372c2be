/// The reason why a parameter that selects entities was refused, with its position and a hint.
package struct ConditionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The parameter as the caller named it: `q`, `type`, `georel`, ….
    package let parameter: String
    /// The number of bytes of the decoded value before the error.
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

/// The limits of parameters that select entities.
package struct ConditionLimits: Sendable, Hashable {
    /// Bytes of one parameter.
    package var maximumBytes = 16_384
    /// The depth of nested parentheses.
    package var maximumDepth = 32
    /// Terms of `q`, types, scopes or sort keys.
    package var maximumTerms = 256
    /// Values in one list.
    package var maximumListValues = 1_024

    package init() {}
}
