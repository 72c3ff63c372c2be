/// Term definitions collected from one or several `@context` documents, by the rules of JSON-LD
/// 1.1.
///
/// Only the mapping of names to IRIs is used. Members of a definition about values (type,
/// container, language) are checked and have no effect: values are kept as they are written.
package struct LDContextDefinitions: Sendable, Equatable {
    /// The meaning of one term.
    struct Term: Sendable, Equatable {
        /// The IRI; `LDKeyword.null` when it stands for nothing, another keyword when it is an
        /// alias.
        var iri: IRI
        /// Whether the term may begin a compact IRI.
        var isPrefix: Bool
        var isProtected: Bool
    }

    private(set) var terms: [String: Term] = [:]
    package private(set) var vocabulary: String?
    /// Whether the last document ends with the core `@context`.
    package private(set) var endsWithCore = false
    /// The bytes of all terms and their IRIs, including definitions that were replaced.
    package private(set) var bytes = 0
    /// The most bytes of one IRI, and of all definitions.
    ///
    /// A long beginning that many terms share is repeated for each of them, and for each name of a
    /// body.
    package static let maximumIRIBytes = 1_024
    package static let maximumBytes = 8 << 20

    package init() {}

    /// Removes all definitions, as a null in a list of `@context`s does.
    package mutating func reset() throws(LDContextError) {
        if let term = terms.first(where: \.value.isProtected)?.key {
            throw LDContextError(
                .invalid,
                "A null in the @context takes back the protected '\(term)'."
            )
        }
        (terms, vocabulary, endsWithCore) = ([:], nil, false)
    }

    /// Notes a reference to the core `@context`, whose terms hold in any case.
    package mutating func addCore() { endsWithCore = true }

    /// Adds the definitions of one `@context` object; later ones replace earlier ones.
    package mutating func add(_ object: JSONObject) throws(LDContextError) {
        try LDKeyword.check(object)
        endsWithCore = false
        if let vocab = object["@vocab"] { vocabulary = try vocabulary(vocab) }
        var raw: [String: TermDefinition] = [:]
        for (term, definition) in object.members where !term.hasPrefix("@") {
            guard !term.isEmpty else {
                throw LDContextError(.invalid, "The @context defines a term without a name.")
            }
            raw[term] = try TermDefinition(definition, of: term)
        }
        let protects = object["@protected"]?.boolValue ?? false
        for (term, definition) in raw {
            let iri = try Self.bounded(try resolve(term, raw, depth: 0))
            let new = Term(
                iri: IRI(iri),
                isPrefix: try definition.isPrefix(iri, term: term),
                isProtected: definition.isProtected ?? protects
            )
            try put(new, as: term)
        }
    }

    private mutating func put(_ new: Term, as term: String) throws(LDContextError) {
        var new = new
        if let old = terms[term], old.isProtected {
            guard old.iri == new.iri, old.isPrefix == new.isPrefix else {
                throw LDContextError(
                    .invalid,
                    "The @context defines the term '\(term)' anew, which is protected."
                )
            }
            new.isProtected = true
        }
        terms[term] = new
        bytes += term.utf8.count + new.iri.text.utf8.count
        guard bytes <= Self.maximumBytes else {
            throw LDContextError(
                .invalid,
                "The @context defines more than \(Self.maximumBytes) bytes of terms."
            )
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

    // MARK: IRIs

    /// The value of `@vocab`: an IRI, a compact IRI, a term of an earlier `@context`, or a suffix
    /// of the earlier vocabulary; null removes it.
    private func vocabulary(_ value: JSONValue) throws(LDContextError) -> String? {
        if value.isNull { return nil }
        guard let text = value.stringValue, !text.hasPrefix("@") else {
            throw LDContextError(.invalid, "'@vocab' is an IRI or null, not \(value.excerpt).")
        }
        let isRelative = terms[text] == nil && !text.utf8.contains(UInt8(ascii: ":"))
        let iri = isRelative ? vocabulary.map { $0 + text } : try resolve(text, [:], depth: 0)
        guard let iri, iri.utf8.contains(UInt8(ascii: ":")) else {
            throw LDContextError(
                .invalid,
                "'@vocab' is a relative reference, '\(text)', without a base to resolve it."
            )
        }
        return try Self.bounded(iri)
    }

    /// Follows prefixes, and terms defined by terms; a cycle ends at the depth limit.
    private func resolve(
        _ text: String,
        _ raw: [String: TermDefinition],
        depth: Int
    ) throws(LDContextError) -> String {
        guard depth < Self.maximumPrefixDepth else {
            throw LDContextError(.invalid, "The @context defines '\(text)' by itself.")
        }
        if let target = raw[text]?.target, target != text {
            return try resolve(target, raw, depth: depth + 1)
        }
        if text.hasPrefix("@") { return text }
        if let iri = CoreContext.terms[text] ?? (raw[text] == nil ? terms[text]?.iri : nil) {
            return iri.text
        }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            return (vocabulary ?? CoreContext.defaultVocabulary) + text
        }
        let suffix = text[text.utf8.index(after: colon)...]
        guard !suffix.hasPrefix("//"),
            let beginning = try prefix(String(text[..<colon]), raw, depth: depth + 1)
        else { return text }
        return beginning + suffix
    }

    /// The IRI of the prefix; nil when the term is not one.
    private func prefix(
        _ term: String,
        _ raw: [String: TermDefinition],
        depth: Int
    ) throws(LDContextError) -> String? {
        guard let definition = raw[term] else {
            return CoreContext.prefixes[term]
                ?? terms[term].flatMap { $0.isPrefix ? $0.iri.text : nil }
        }
        let iri = try resolve(term, raw, depth: depth)
        return try definition.isPrefix(iri, term: term) ? iri : nil
    }

    private static let maximumPrefixDepth = 16
}

/// The definition of one term, as written.
private struct TermDefinition {
    /// The target, not expanded; the term itself when the definition has none.
    let target: String
    let isProtected: Bool?
    /// `@prefix`; without it, a definition that is a plain text is a prefix if its IRI looks like
    /// one.
    private let prefix: Bool?
    private let isSimple: Bool

    init(_ definition: JSONValue, of term: String) throws(LDContextError) {
        switch definition {
        case .null: self.init(target: LDKeyword.null, isSimple: true)
        case .string(let text): self.init(target: try Self.checked(text, term), isSimple: true)
        case .object(let object): try self.init(object, of: term)
        default:
            throw LDContextError(
                .invalid,
                "The @context defines '\(term)' with neither a string nor an object."
            )
        }
    }

    private init(target: String, isProtected: Bool? = nil, prefix: Bool? = nil, isSimple: Bool) {
        self.target = target
        self.isProtected = isProtected
        self.prefix = prefix
        self.isSimple = isSimple
    }

    private init(_ object: JSONObject, of term: String) throws(LDContextError) {
        if object["@context"] != nil {
            throw LDContextError(
                .invalid,
                "The @context defines '\(term)' with a scoped @context of its own; "
                    + "scoped contexts are not allowed (clause 5.5.7)."
            )
        }
        for (member, value) in object.members {
            guard LDKeyword.isAllowed(member, value) else {
                throw LDContextError(
                    .invalid,
                    "The @context defines '\(term)' with \"\(member)\": \(value.excerpt), which "
                        + "JSON-LD 1.1 does not know."
                )
            }
        }
        self.init(
            target: try Self.target(object, term),
            isProtected: object["@protected"]?.boolValue,
            prefix: object["@prefix"]?.boolValue,
            isSimple: false
        )
    }

    private static func target(
        _ object: JSONObject,
        _ term: String
    ) throws(LDContextError) -> String {
        // A member with such a definition belongs elsewhere in the data than where it is written.
        for keyword in ["@reverse", "@nest"] where object[keyword] != nil { return keyword }
        guard let id = object["@id"] else { return term }
        return try id.stringValue.map { text throws(LDContextError) in try checked(text, term) }
            ?? LDKeyword.null
    }

    private static func checked(_ text: String, _ term: String) throws(LDContextError) -> String {
        guard !text.hasPrefix("@") || LDKeyword.all.contains(text), text != "@context" else {
            throw LDContextError(
                .invalid,
                "The @context defines '\(term)' as '\(text)', which is not a keyword that a term can "
                    + "stand for."
            )
        }
        return text
    }

    /// Whether the term with this IRI may begin a compact IRI (JSON-LD 1.1, create term
    /// definition).
    func isPrefix(_ iri: String, term: String) throws(LDContextError) -> Bool {
        let isWord = !term.utf8.contains { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
        guard prefix == true else {
            return prefix == nil && isSimple && isWord && !iri.hasPrefix("@")
                && iri.utf8.last.map(":/?#[]@".utf8.contains) ?? false
        }
        guard isWord, !iri.hasPrefix("@") else {
            throw LDContextError(
                .invalid,
                "The @context defines '\(term)', which is not a prefix, as one."
            )
        }
        return true
    }
}
