/// The Link header of JSON-LD that names an `@context` (clause 6.3.5; RFC 8288).
package enum LinkHeader {
    static let contextRelation = "http://www.w3.org/ns/json-ld#context"

    /// The URL of the `@context` in the lines of the header; nil when no link names one.
    package static func context(in lines: [String]) throws(LDContextError) -> String? {
        var found: String?
        for line in lines {
            for element in HeaderText.elements(of: line) {
                let link = try Link(element)
                guard link.relations.contains(contextRelation) else { continue }
                guard found == nil else {
                    throw LDContextError(.invalid, "The Link header names two @contexts.")
                }
                found = link.target
            }
        }
        return found
    }

    /// Whether a link in the lines of the header leads to a next page (clause 6.3.10).
    ///
    /// Links that cannot be read are none.
    package static func hasNextPage(in lines: [String]) -> Bool {
        lines.lazy.flatMap { HeaderText.elements(of: $0) }.contains { element in
            (try? Link(element))?.relations.contains("next") ?? false
        }
    }

    /// The header value that names an `@context`.
    package static func value(for url: String) -> String {
        "<\(url)>; rel=\"\(contextRelation)\"; type=\"application/ld+json\""
    }

    /// One link of the header.
    private struct Link {
        let target: String
        /// In lower case, because relations are compared without case (RFC 8288 clause 2.1).
        let relations: [String]

        init(_ text: Substring) throws(LDContextError) {
            let bytes = text.utf8
            guard bytes.first == UInt8(ascii: "<"),
                let close = bytes.firstIndex(of: UInt8(ascii: ">"))
            else { throw Self.error("has no URL between < and >", text) }
            let parts = HeaderText.parameters(of: text[bytes.index(after: close)...])
            guard parts[0].isEmpty else { throw Self.error("lacks a ; behind its URL", text) }
            target = String(text[bytes.index(after: text.startIndex)..<close])
            // One `rel` may have several relations, and only the first `rel` counts.
            let rel = parts.lazy.compactMap(HeaderText.parameter).first { $0.name == "rel" }
            relations =
                rel?.value.split { $0 == " " || $0 == "\t" }.map { $0.lowercased() } ?? []
        }

        private static func error(_ fault: String, _ text: Substring) -> LDContextError {
            LDContextError(
                .invalid,
                "A Link \(fault): '\(text.prefix(80))'; write \(LinkHeader.value(for: "https://…"))."
            )
        }
    }
}
