/// Terms by the bytes of their IRIs, which is how stored entities name their attributes.
struct TermTable: Sendable {
    /// An IRI and what stands for it.
    final class Term: Sendable {
        let iri: IRI
        fileprivate let name: [UInt8]
        /// The term as a JSON string, quotes included.
        let quoted: [UInt8]

        init(_ iri: IRI, _ term: String) {
            self.iri = iri
            name = Array(iri.text.utf8)
            quoted = JSONValue.string(term).serialized
        }

        /// Compares eight bytes at a time, which `==` of arrays does not.
        fileprivate func isNamed(_ other: [UInt8]) -> Bool {
            name.count == other.count
                && name.withUnsafeBytes { own in
                    other.withUnsafeBytes { ByteWord.areEqual(own, $0) }
                }
        }
    }

    private var terms: [Int: Term] = [:]

    var count: Int { terms.count }

    /// nil when it has not been added.
    func term(for name: [UInt8]) -> Term? {
        guard let term = terms[Self.hash(name)], term.isNamed(name) else { return nil }
        return term
    }

    /// Of two names that hash alike, as good as never, the later one is found.
    mutating func add(_ term: Term) { terms[Self.hash(term.name)] = term }

    private static func hash(_ name: [UInt8]) -> Int {
        var hasher = Hasher()
        name.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
