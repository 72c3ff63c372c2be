import Synchronization

/// An `@context` ready for use: expands terms to IRIs and compacts IRIs to terms (clauses 4.4 and
/// 5.5.7).
///
/// The core `@context` always has precedence.
package final class LDContext: Sendable {
    /// The `@context` as it was given.
    package let reference: JSONValue
    /// The `@context` for a body whose names were compacted with it (clause 6.3.6).
    package let embedded: JSONValue
    /// The URL that names it; nil when it needs several URLs or has none.
    package let url: String?
    /// The value of a Link header with this URL (clause 6.3.5).
    package let link: String?
    private let terms: [String: LDContextDefinitions.Term]
    private let termsByIRI: [IRI: String]
    private let vocabulary: String
    /// The terms that may begin a compact IRI.
    private let prefixes: PrefixTable
    /// Cached terms: answers use the same few attributes again and again.
    private let compacted = Mutex<[IRI: String]>([:])
    private let table = Mutex(TermTable())
    /// The most cached terms.
    private static let maximumCompacted = 4_096

    /// The core `@context` alone, for requests that name none (clause 5.5.5).
    package static let core = LDContext(
        reference: .string(CoreContext.url),
        definitions: LDContextDefinitions()
    )

    /// Creates a user `@context` from definitions that were merged in order.
    package init(reference: JSONValue, definitions: LDContextDefinitions) {
        self.reference = reference
        embedded = definitions.endsWithCore ? reference : reference.endingWithCore
        url = reference.contextURL
        link = url.map(LinkHeader.value)
        terms = definitions.terms
        vocabulary = definitions.vocabulary ?? CoreContext.defaultVocabulary
        // A core term always has its core meaning, so a user definition of it has no effect.
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
            // The shortest term, then the first in alphabetical order: the same each time.
            uniquingKeysWith: { a, b in (a.utf8.count, a) < (b.utf8.count, b) ? a : b }
        )
    }

    /// The IRI of a name; a name that is an IRI already stays.
    ///
    /// The result begins with `@` when the name stands for a keyword or for nothing: see
    /// `obstacle`.
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

    /// The reason why the name, which expands to this, cannot be used; nil when it can.
    package func obstacle(_ name: String, _ iri: IRI) -> String? {
        guard iri.text.utf8.first == UInt8(ascii: "@") else { return nil }
        if iri.text == LDKeyword.null {
            return "The @context sets '\(name)' to null: it stands for nothing."
        }
        return "The @context makes '\(name)' another word for \(iri.text), which is not understood "
            + "here; write the name that the data type has, or give it an IRI."
    }

    /// The term for an IRI, or the IRI itself when there is no term (clause 5.5.7).
    package func compact(_ iri: IRI) -> String {
        if let known = compacted.withLock({ $0[iri] }) { return known }
        let term = findTerm(for: iri)
        compacted.withLock {
            if $0.count >= Self.maximumCompacted { $0.removeAll(keepingCapacity: true) }
            $0[iri] = term
        }
        return term
    }

    /// The cached terms by the bytes of their IRIs, to be looked up without a lock.
    var termTable: TermTable { table.withLock { $0 } }

    /// Caches the terms that an answer has added to the table, unless there are too many.
    func remember(_ terms: TermTable) {
        if terms.count <= Self.maximumCompacted { table.withLock { $0 = terms } }
    }

    private func findTerm(for iri: IRI) -> String {
        if let term = CoreContext.termsByIRI[iri] ?? termsByIRI[iri] { return term }
        if iri.text.hasPrefix(vocabulary) {
            let rest = String(iri.text.dropFirst(vocabulary.count))
            // Only a name that expands to this IRI may stand for it.
            if !rest.isEmpty, !rest.utf8.contains(UInt8(ascii: ":")), expand(rest) == iri {
                return rest
            }
        }
        return compactIRI(iri) ?? iri.text
    }

    /// The compact IRI `prefix:rest`, when a term stands for the beginning of the IRI (JSON-LD
    /// 1.1, IRI compaction).
    private func compactIRI(_ iri: IRI) -> String? {
        prefixes.first(of: iri.text) { prefix, term in
            let rest = iri.text.utf8.dropFirst(prefix.utf8.count)
            // After a colon, two slashes would make the term look like the scheme of an IRI.
            guard !rest.isEmpty, !rest.starts(with: "//".utf8), let rest = String(rest) else {
                return nil
            }
            let name = term + ":" + rest
            return expand(name) == iri ? name : nil
        }
    }

    package var isCore: Bool { self === LDContext.core }
}

/// The reason why an `@context` cannot be used.
package struct LDContextError: Error, Sendable, Equatable {
    /// The type of the error (clause 5.5.2).
    package enum Code: Sendable, Equatable {
        /// The document is wrong: BadRequestData.
        case invalid
        /// The document cannot be retrieved: LdContextNotAvailable.
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
