/// The terms that may begin a compact IRI, found by their IRIs.
///
/// An `@context` may define a hundred thousand of them, and an answer may have as many names: so a
/// look-up is a binary search.
struct PrefixTable: Sendable {
    private struct Entry: Sendable {
        var iri: String
        var term: String
        /// The longest other entry whose IRI is a prefix of this one's.
        var shorter: Int?
    }

    /// Sorted by the bytes of the IRIs.
    private var entries: [Entry] = []

    init(_ terms: [IRI: String]) {
        entries.reserveCapacity(terms.count)
        let sorted = terms.sorted { Self.precedes($0.key.text, $1.key.text) }
        for (iri, term) in sorted {
            var shorter = entries.indices.last
            while let index = shorter, !iri.text.utf8.starts(with: entries[index].iri.utf8) {
                shorter = entries[index].shorter
            }
            entries.append(Entry(iri: iri.text, term: term, shorter: shorter))
        }
    }

    /// Calls the body with each prefix of the text, the longest first, until it returns an answer.
    func first<Answer>(
        of text: String,
        _ body: (_ iri: String, _ term: String) -> Answer?
    ) -> Answer? {
        // Every prefix of the text is the last entry before the text, or a prefix of that entry.
        var next = lastIndex(notAfter: text)
        while let index = next, !text.utf8.starts(with: entries[index].iri.utf8) {
            next = entries[index].shorter
        }
        while let index = next {
            if let answer = body(entries[index].iri, entries[index].term) { return answer }
            next = entries[index].shorter
        }
        return nil
    }

    private func lastIndex(notAfter text: String) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if Self.precedes(text, entries[middle].iri) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low > 0 ? low - 1 : nil
    }

    private static func precedes(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }
}
