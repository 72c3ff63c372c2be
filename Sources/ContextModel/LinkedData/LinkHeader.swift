/// The Link header of JSON-LD that names an `@context` (clause 6.3.5; RFC 8288).
package enum LinkHeader {
    static let contextRelation = "http://www.w3.org/ns/json-ld#context"

    /// The URL of the `@context`, or nil when no link is one.
    package static func context(in header: String) throws(LDContextError) -> String? {
        var found: String?
        for link in links(in: header) where link.relations.contains(contextRelation) {
            guard found == nil else {
                throw LDContextError(.invalid, "The Link header names two @contexts.")
            }
            found = link.target
        }
        return found
    }

    /// The header value that names an `@context`.
    package static func value(for url: String) -> String {
        "<\(url)>; rel=\"\(contextRelation)\"; type=\"application/ld+json\""
    }

    private static func links(in header: String) -> [(target: String, relations: [String])] {
        var links: [(target: String, relations: [String])] = []
        var rest = header[...]
        while let open = rest.firstIndex(of: "<"),
            let close = rest[open...].firstIndex(of: ">")
        {
            let target = String(rest[rest.index(after: open)..<close])
            rest = rest[rest.index(after: close)...]
            // Parameters reach to the next link; a comma inside quotes does not end them.
            var isQuoted = false
            let end =
                rest.firstIndex { character in
                    if character == "\"" { isQuoted.toggle() }
                    return character == "," && !isQuoted
                } ?? rest.endIndex
            links.append((target, relations(in: rest[..<end])))
            rest = rest[end...]
        }
        return links
    }

    /// The relation types of a link: several may stand in one `rel`, and only the first `rel` counts.
    private static func relations(in parameters: Substring) -> [String] {
        for parameter in parameters.split(separator: ";") {
            let text = parameter.drop(while: isBlank)
            guard text.lowercased().hasPrefix("rel=") else { continue }
            return text.dropFirst(4).filter { $0 != "\"" }.split(whereSeparator: isBlank)
                .map(String.init)
        }
        return []
    }

    private static func isBlank(_ character: Character) -> Bool {
        character == " " || character == "\t"
    }
}
