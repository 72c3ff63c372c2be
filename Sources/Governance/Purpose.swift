/// Why data is asked for: a purpose of the W3C's Data Privacy Vocabulary.
///
/// Three spellings mean the same term: `dpv:Marketing`, `https://w3id.org/dpv#Marketing` and `Marketing`.
/// A purpose that the vocabulary does not have is kept as it is, and says so (`isKnown`): no rule about
/// purposes lets it through.
package struct Purpose: Sendable, Hashable {
    /// The term with its prefix, as `dpv:Marketing`; the whole text where it is of another vocabulary.
    package let text: String
    /// nil where the vocabulary does not have it.
    let term: PurposeTaxonomy.Term?

    /// Reads any of the three spellings; never fails, for what is not a term is an unknown purpose.
    package init(_ text: String) {
        let name =
            if text.hasPrefix(Self.prefix) {
                text.dropFirst(Self.prefix.count)
            } else if text.hasPrefix(Self.namespace) {
                text.dropFirst(Self.namespace.count)
            } else if text.utf8.contains(UInt8(ascii: ":")) {
                Substring()
            } else {
                Substring(text)
            }
        if let term = PurposeTaxonomy.shared.term(name) {
            self.term = term
            self.text = PurposeTaxonomy.shared.text(of: term)
        } else {
            term = nil
            self.text = name.isEmpty ? text : Self.prefix + name
        }
    }

    /// Whether it is a purpose of the vocabulary.
    package var isKnown: Bool { term != nil }

    /// The IRI of the term; the whole text where it is of another vocabulary.
    package var iri: String {
        text.hasPrefix(Self.prefix) ? Self.namespace + text.dropFirst(Self.prefix.count) : text
    }

    /// Whether each use for this purpose is one for the other: `dpv:DirectMarketing` is a narrower
    /// purpose than `dpv:Marketing`.
    ///
    /// An unknown purpose is narrower than nothing but itself.
    package func isOrNarrower(than other: Purpose) -> Bool {
        guard let term, let wide = other.term else { return self == other }
        return PurposeTaxonomy.shared.isOrNarrower(term, than: wide)
    }

    static let prefix = "dpv:"
    private static let namespace = "https://w3id.org/dpv#"
}
