import ContextModel

/// What the words of a policy stand for: the terms of ODRL and of the vocabularies beside it, by the
/// `@context` of the policy.
struct ODRLNames {
    /// The vocabularies that the profile takes terms from, by the prefix that their terms have here; terms
    /// of ODRL have none.
    private static let vocabularies: [(prefix: String, namespace: String)] = [
        ("odrl", "http://www.w3.org/ns/odrl/2/"), ("dpv", "https://w3id.org/dpv#"),
        ("ngsi-ld", "https://uri.etsi.org/ngsi-ld/"), ("balai", "urn:balai:odrl:"),
        ("vc", "https://www.w3.org/2018/credentials#"),
        ("vc", "https://www.w3.org/ns/credentials#"),
        ("dome-op", "https://github.com/DOME-Marketplace/dome-odrl-profile#"),
        ("xsd", "http://www.w3.org/2001/XMLSchema#"), ("dct", "http://purl.org/dc/terms/"),
        ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
        ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
        ("foaf", "http://xmlns.com/foaf/0.1/"),
    ]
    /// Prefixes that are used for these without a definition.
    private static let usual: [String: String] = {
        var usual = Dictionary(vocabularies.map { ($0.prefix, $0.namespace) }) { first, _ in first }
        usual["dcterms"] = usual["dct"]
        return usual
    }()
    private static let odrlContexts: Set = [
        "http://www.w3.org/ns/odrl.jsonld", "https://www.w3.org/ns/odrl.jsonld",
    ]
    /// Definitions of a policy's own `@context` at most.
    static let maximumDefinitions = 200

    /// What the policy's own `@context` defines.
    private var definitions: [String: String] = [:]

    /// Reads the `@context`; one that would have to be fetched, except ODRL's, is refused.
    init(_ context: JSONValue?) throws(PolicyError) {
        switch context {
        case nil: break
        case .array(let parts):
            for (index, part) in parts.enumerated() { try add(part, at: "@context[\(index)]") }
        case .some(let part): try add(part, at: "@context")
        }
        // A definition by another one would have to be followed, perhaps in a circle.
        for (name, iri) in definitions where isDefined(iri.prefix { $0 != ":" }) {
            throw PolicyError("@context." + name, "It must be a whole IRI.")
        }
    }

    private mutating func add(_ part: JSONValue, at place: String) throws(PolicyError) {
        switch part {
        case .string(let uri):
            guard Self.odrlContexts.contains(uri) else {
                throw PolicyError(
                    place,
                    "'\(uri)' is not fetched. Give the @context of types and attributes in the Link "
                        + "header."
                )
            }
        case .object(let object):
            for (name, value) in object.members {
                try define(name, value, at: place + "." + name)
            }
        default: throw PolicyError(place, "It must be ODRL's @context, or an object.")
        }
    }

    private mutating func define(
        _ name: String,
        _ value: JSONValue,
        at place: String
    ) throws(PolicyError) {
        guard !name.hasPrefix("@") else {
            throw PolicyError(place, "The keyword is not understood.")
        }
        var iri = value.stringValue
        if case .object(let object) = value {
            let known: Set = ["@id", "@prefix", "@type"]
            if let unknown = object.members.first(where: { !known.contains($0.key) }) {
                throw PolicyError(place + "." + unknown.key, "The member is not understood.")
            }
            iri = object["@id"]?.stringValue
        }
        guard let iri, URIText.isValid(iri) || iri.hasSuffix(":") else {
            throw PolicyError(place, "It must be a whole IRI.")
        }
        // A word of ODRL by another name would be read as that word.
        for (prefix, namespace) in Self.vocabularies
        where iri.hasPrefix(namespace) && iri != namespace {
            let term = iri.dropFirst(namespace.count)
            guard term.contains("/") || name == term || name == prefix + ":" + term else {
                throw PolicyError(place, "'\(name)' is no name for \(iri).")
            }
        }
        guard definitions[name].map({ $0 == iri }) ?? true else {
            throw PolicyError(place, "The @context says twice what '\(name)' stands for.")
        }
        definitions[name] = iri
        guard definitions.count <= Self.maximumDefinitions else {
            throw PolicyError(place, "There are more than \(Self.maximumDefinitions) definitions.")
        }
    }

    private func isDefined(_ prefix: Substring) -> Bool {
        definitions[String(prefix)] != nil || Self.usual[String(prefix)] != nil
    }

    /// The IRI that a text is short for; nil where it is no compact IRI, and no term that is defined.
    func iri(_ text: String) -> String? {
        if let whole = definitions[text] { return whole }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let prefix = String(text[..<colon])
        let rest = text[text.index(after: colon)...]
        guard !rest.hasPrefix("//"), let namespace = definitions[prefix] ?? Self.usual[prefix]
        else {
            return nil
        }
        return namespace + rest
    }

    /// The term as the profile writes it: `read` of ODRL, `dpv:Consent`; any other text as its whole IRI.
    func term(_ text: String) -> String {
        // `attribute:` and a name is a left operand of the profile, and no prefix.
        let whole = text.hasPrefix(Self.attributePrefix) ? text : iri(text) ?? text
        for (prefix, namespace) in Self.vocabularies where whole.hasPrefix(namespace) {
            let name = String(whole.dropFirst(namespace.count))
            return prefix == "odrl" || prefix == "balai" ? name : prefix + ":" + name
        }
        return whole
    }

    static let attributePrefix = "attribute:"
}

extension String {
    /// Whether it has letters of several scripts that look alike, such as a Cyrillic `а` among Latin ones:
    /// a rule about such a name is about another one than it seems.
    var hasLookAlikes: Bool {
        var hasLatin = false
        var hasOther = false
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0x41...0x5A, 0x61...0x7A: hasLatin = true
            // Greek, Cyrillic, Armenian, Cherokee, letter-like and mathematical letters, full width.
            case 0x370...0x58F, 0x13A0...0x13FF, 0x1C80...0x1C8F, 0x1D00...0x1DBF, 0x1F00...0x1FFF,
                0x2100...0x218F, 0x2C60...0x2C7F, 0x2DE0...0x2DFF, 0xA640...0xA69F,
                0xA720...0xA7FF, 0xAB30...0xABBF, 0xFF00...0xFFEF, 0x1D400...0x1D7FF:
                hasOther = true
            case 0x180...0x36F: hasOther = true
            default: break
            }
        }
        return hasLatin && hasOther
    }
}
