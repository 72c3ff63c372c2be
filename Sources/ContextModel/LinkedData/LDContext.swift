import Synchronization

/// Expands terms to IRIs and compacts IRIs to terms (clauses 4.4 and 5.5.7).
///
/// An `@context` made ready for use. The core `@context` always has precedence.
package final class LDContext: Sendable {
    /// How the `@context` is named to others: in the Link header or in a body's `@context`.
    package let reference: JSONValue
    /// The value of a Link header that names it (clause 6.3.5), ready for every answer.
    package let link: String
    private let terms: [String: IRI]
    private let termsByIRI: [IRI: String]
    private let vocabulary: String
    /// Terms that may begin a compact IRI, the longest IRI first.
    private let prefixes: [(iri: String, term: String)]
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
        link = LinkHeader.value(for: Self.linkURL(of: reference))
        terms = definitions.terms
        vocabulary = definitions.vocabulary ?? CoreContext.defaultVocabulary
        // A core term never means what the user says it does, so it stands for nothing of theirs.
        let own = definitions.terms.filter { CoreContext.terms[$0.key] == nil }
        termsByIRI = Dictionary(
            own.map { ($0.value, $0.key) },
            // The shortest term wins, then the first of the alphabet: the same each time.
            uniquingKeysWith: { a, b in (a.utf8.count, a) < (b.utf8.count, b) ? a : b }
        )
        prefixes = termsByIRI.merging(CoreContext.termsByIRI) { _, core in core }
            .filter { $0.key.isPrefix && !$0.value.utf8.contains(UInt8(ascii: ":")) }
            .map { (iri: $0.key.text, term: $0.value) }
            .sorted { ($1.iri.utf8.count, $0.term) < ($0.iri.utf8.count, $1.term) }
    }

    /// The only URL, or the first one that is not the core `@context`.
    private static func linkURL(of reference: JSONValue) -> String {
        switch reference {
        case .string(let url): url
        case .array(let parts):
            parts.lazy.compactMap(\.stringValue).first { !CoreContext.isCore($0) }
                ?? CoreContext.url
        default: CoreContext.url
        }
    }

    /// The IRI a name stands for; a name that is an IRI already stays.
    package func expand(_ name: String) -> IRI {
        if let iri = CoreContext.terms[name] ?? terms[name] { return iri }
        guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            return IRI(vocabulary + name)
        }
        let prefix = String(name[..<colon])
        let suffix = name[name.utf8.index(after: colon)...]
        if !suffix.hasPrefix("//"), let iri = CoreContext.terms[prefix] ?? terms[prefix],
            !iri.text.hasPrefix("@")  // `type` stands for a keyword, which begins no IRI
        {
            return IRI(iri.text + suffix)
        }
        return IRI(name)
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
        for prefix in prefixes where iri.text.hasPrefix(prefix.iri) {
            let name = prefix.term + ":" + iri.text.dropFirst(prefix.iri.count)
            if iri.text != prefix.iri, expand(name) == iri { return name }
        }
        return nil
    }

    package var isCore: Bool { self === LDContext.core }
}

extension IRI {
    /// Whether names may follow it: JSON-LD 1.1 lets terms for such IRIs be prefixes.
    fileprivate var isPrefix: Bool { text.utf8.last.map(":/?#[]@".utf8.contains) ?? false }
}

/// Term definitions gathered from one or several `@context` documents.
package struct LDContextDefinitions: Sendable, Equatable {
    package private(set) var terms: [String: IRI] = [:]
    package private(set) var vocabulary: String?
    /// The bytes of all terms and what they stand for, also of those that a later definition
    /// replaced.
    package private(set) var bytes = 0
    /// Bytes of an IRI, and of all definitions together, at most: a long beginning that many terms
    /// share is repeated for each of them, and for each name of a body.
    package static let maximumIRIBytes = 1_024
    package static let maximumBytes = 8 << 20

    package init() {}

    /// Adds the definitions of one `@context` object; later ones replace earlier ones.
    package mutating func add(_ object: JSONObject) throws(LDContextError) {
        if let vocab = object["@vocab"]?.stringValue { vocabulary = try Self.bounded(vocab) }
        var raw: [String: String] = [:]
        for (term, definition) in object.members where !term.hasPrefix("@") {
            guard !term.isEmpty else {
                throw LDContextError(.invalid, "The @context defines a term without a name.")
            }
            if let iri = try Self.iri(of: definition, term: term) { raw[term] = iri }
        }
        for term in raw.keys {
            let iri = try Self.bounded(try resolve(term, raw, depth: 0))
            terms[term] = IRI(iri)
            bytes += term.utf8.count + iri.utf8.count
            guard bytes <= Self.maximumBytes else {
                throw LDContextError(
                    .invalid,
                    "The @context defines more than \(Self.maximumBytes) bytes of terms."
                )
            }
        }
    }

    private static func bounded(_ iri: String) throws(LDContextError) -> String {
        guard iri.utf8.count <= maximumIRIBytes else {
            throw LDContextError(
                .invalid,
                "The @context has an IRI of more than \(maximumIRIBytes) bytes, beginning with "
                    + "'\(iri.prefix(40))'."
            )
        }
        return iri
    }

    private static func iri(
        of definition: JSONValue,
        term: String
    ) throws(LDContextError)
        -> String?
    {
        switch definition {
        case .null: return nil
        case .string(let text): return text
        case .object(let object):
            if object["@context"] != nil {
                throw LDContextError(
                    .invalid,
                    "The @context defines '\(term)' with a scoped @context of its own; "
                        + "scoped contexts are not allowed (clause 5.5.7)."
                )
            }
            guard let id = object["@id"] else { return term }
            return id.stringValue
        default:
            throw LDContextError(
                .invalid,
                "The @context defines '\(term)' with neither a string nor an object."
            )
        }
    }

    /// Follows prefixes and terms that stand for terms; a cycle ends at the depth limit.
    private func resolve(
        _ text: String,
        _ raw: [String: String],
        depth: Int
    )
        throws(LDContextError) -> String
    {
        guard depth < Self.maximumPrefixDepth else {
            throw LDContextError(.invalid, "The @context defines '\(text)' by itself.")
        }
        if let target = raw[text], target != text {
            return try resolve(target, raw, depth: depth + 1)
        }
        if let iri = CoreContext.terms[text] ?? terms[text] { return iri.text }
        guard let colon = text.firstIndex(of: ":") else {
            return text.hasPrefix("@")
                ? text : (vocabulary ?? CoreContext.defaultVocabulary) + text
        }
        let suffix = text[text.index(after: colon)...]
        let prefix = String(text[..<colon])
        guard !suffix.hasPrefix("//"),
            raw[prefix] != nil || terms[prefix] != nil
                || CoreContext.terms[prefix] != nil
        else { return text }
        let beginning = try resolve(prefix, raw, depth: depth + 1)
        return beginning.hasPrefix("@") ? text : beginning + suffix
    }

    private static let maximumPrefixDepth = 16
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
