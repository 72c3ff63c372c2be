import Synchronization

/// Expands terms to IRIs and compacts IRIs to terms (clauses 4.4 and 5.5.7).
///
/// An `@context` made ready for use. The core `@context` always has precedence.
package final class LDContext: Sendable {
    /// The `@context` as it was given.
    package let reference: JSONValue
    /// The `@context` of a body whose names were compacted with it (clause 6.3.6).
    package let embedded: JSONValue
    /// The URL that names it; nil when it takes more than one, or none does.
    package let url: String?
    /// The value of a Link header with that URL (clause 6.3.5), ready for every answer.
    package let link: String?
    private let terms: [String: LDContextDefinitions.Term]
    private let termsByIRI: [IRI: String]
    private let vocabulary: String
    /// Terms that may begin a compact IRI.
    private let prefixes: PrefixTable
    /// Terms already found: an answer names the same few attributes again and again.
    private let compacted = Mutex<[IRI: String]>([:])
    private let table = Mutex(TermTable())
    /// Terms remembered at most; beyond it they are found anew.
    private static let maximumCompacted = 4_096

    /// The core `@context` alone (clause 5.5.5: what holds when a request names none).
    package static let core = LDContext(
        reference: .string(CoreContext.url),
        definitions: LDContextDefinitions()
    )

    /// Makes a user `@context` from definitions already merged in order.
    package init(reference: JSONValue, definitions: LDContextDefinitions) {
        self.reference = reference
        embedded = definitions.endsWithCore ? reference : reference.endingWithCore
        url = reference.contextURL
        link = url.map(LinkHeader.value)
        terms = definitions.terms
        vocabulary = definitions.vocabulary ?? CoreContext.defaultVocabulary
        // A core term never means what the user says it does, so it stands for nothing of theirs.
        let own = definitions.terms.filter { CoreContext.terms[$0.key] == nil }
        termsByIRI = Self.byIRI(own)
        prefixes = PrefixTable(
            Self.byIRI(own.filter(\.value.isPrefix))
                .merging(CoreContext.prefixesByIRI) { _, core in core }
        )
    }

    private static func byIRI(_ terms: [String: LDContextDefinitions.Term]) -> [IRI: String] {
        Dictionary(
            terms.map { ($0.value.iri, $0.key) },
            // The shortest term wins, then the first of the alphabet: the same each time.
            uniquingKeysWith: { a, b in (a.utf8.count, a) < (b.utf8.count, b) ? a : b }
        )
    }

    /// The IRI a name stands for; a name that is an IRI already stays.
    ///
    /// It begins with `@` where the name stands for a keyword or for nothing: see `obstacle`.
    package func expand(_ name: String) -> IRI {
        if let iri = CoreContext.terms[name] ?? terms[name]?.iri { return iri }
        guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            let isKeyword = name.utf8.first == UInt8(ascii: "@")
            return isKeyword ? IRI(name) : IRI(vocabulary + name)
        }
        let suffix = name[name.utf8.index(after: colon)...]
        if !suffix.hasPrefix("//"), let iri = prefix(String(name[..<colon])) {
            return IRI(iri + suffix)
        }
        return IRI(name)
    }

    private func prefix(_ term: String) -> String? {
        if let iri = CoreContext.prefixes[term] { return iri }
        guard let own = terms[term], own.isPrefix else { return nil }
        return own.iri.text
    }

    /// Why the name, which stands for this, can name nothing; nil when it can.
    package func obstacle(_ name: String, _ iri: IRI) -> String? {
        guard iri.text.utf8.first == UInt8(ascii: "@") else { return nil }
        if iri.text == LDKeyword.null {
            return "The @context sets '\(name)' to null: it stands for nothing."
        }
        return "The @context makes '\(name)' another word for \(iri.text), which is not understood "
            + "here; write the name that the data type has, or give it an IRI."
    }

    /// The term for an IRI, or the IRI itself when no term stands for it (clause 5.5.7).
    package func compact(_ iri: IRI) -> String {
        if let known = compacted.withLock({ $0[iri] }) { return known }
        let term = findTerm(for: iri)
        compacted.withLock {
            if $0.count >= Self.maximumCompacted { $0.removeAll(keepingCapacity: true) }
            $0[iri] = term
        }
        return term
    }

    /// The terms remembered by the bytes of their IRIs, to be looked up without a lock.
    var termTable: TermTable { table.withLock { $0 } }

    /// Remembers the terms that an answer has added to the table, unless there are too many.
    func remember(_ terms: TermTable) {
        if terms.count <= Self.maximumCompacted { table.withLock { $0 = terms } }
    }

    private func findTerm(for iri: IRI) -> String {
        if let term = CoreContext.termsByIRI[iri] ?? termsByIRI[iri] { return term }
        if iri.text.hasPrefix(vocabulary) {
            let rest = String(iri.text.dropFirst(vocabulary.count))
            // Only a name that would expand back to this IRI may stand for it.
            if !rest.isEmpty, !rest.utf8.contains(UInt8(ascii: ":")), expand(rest) == iri {
                return rest
            }
        }
        return compactIRI(iri) ?? iri.text
    }

    /// `prefix:rest`, where a term stands for the beginning of the IRI (JSON-LD 1.1, IRI
    /// compaction).
    private func compactIRI(_ iri: IRI) -> String? {
        prefixes.first(of: iri.text) { prefix, term in
            let rest = iri.text.utf8.dropFirst(prefix.utf8.count)
            // What begins with two slashes would be read as an IRI with the term for its scheme.
            guard !rest.isEmpty, !rest.starts(with: "//".utf8), let rest = String(rest) else {
                return nil
            }
            let name = term + ":" + rest
            return expand(name) == iri ? name : nil
        }
    }

    package var isCore: Bool { self === LDContext.core }
}

/// Why an `@context` cannot be used.
package struct LDContextError: Error, Sendable, Equatable {
    /// What to tell the caller (clause 5.5.2).
    package enum Code: Sendable, Equatable {
        /// It was read, and is wrong: BadRequestData.
        case invalid
        /// It cannot be had: LdContextNotAvailable.
        case unavailable
    }
    package var code: Code
    package var detail: String

    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    package static func == (a: LDContextError, b: LDContextError) -> Bool { a.code == b.code }
}

extension LDContext: TermExpansion {
    package func expand(attribute: String) -> IRI { expand(attribute) }
    package func expand(type: String) -> IRI { expand(type) }
}
