/// Terms by the bytes of their IRIs, which stored entities have for their attributes.
struct TermTable: Sendable {
    /// An IRI and its term.
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
    }

    /// The index of a term in the table.
    typealias Place = Int

    private var terms: [Term] = []
    private var places: [Int: Place] = [:]
    /// For each term, the one that followed it when it was added.
    ///
    /// Similar entities have their names in one order: comparing the next name is faster than
    /// looking it up.
    private var successors: [Place?] = []

    var count: Int { terms.count }

    subscript(place: Place) -> Term { terms[place] }

    /// The index of the name's term, which probably follows `last`; nil when it has not been
    /// added.
    func place(of name: [UInt8], after last: Place?) -> Place? {
        if let last, let next = successors[last], isNamed(next, name) { return next }
        guard let place = places[Self.hash(name)], isNamed(place, name) else { return nil }
        return place
    }

    /// Adds a term that follows `last`; returns its index.
    ///
    /// Of two names with equal hashes, which almost never occur, only the later one is found.
    mutating func add(_ term: Term, after last: Place?) -> Place {
        let place = terms.count
        terms.append(term)
        successors.append(nil)
        places[Self.hash(term.name)] = place
        if let last, successors[last] == nil { successors[last] = place }
        return place
    }

    /// Compares eight bytes at a time, which `==` of arrays does not.
    private func isNamed(_ place: Place, _ name: [UInt8]) -> Bool {
        terms[place].name.count == name.count
            && terms[place].name.withUnsafeBytes { own in
                name.withUnsafeBytes { ByteWord.areEqual(own, $0) }
            }
    }

    private static func hash(_ name: [UInt8]) -> Int {
        var hasher = Hasher()
        name.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }
}
