/// A URI or a relative reference in its parts (RFC 3986 clauses 3 and 4.1).
struct URIReference {
    private var scheme: Substring?
    private var authority: Substring?
    private var path: Substring
    private var query: Substring?
    private var fragment: Substring?

    private init(_ text: String) {
        var rest = text[...]
        fragment = Self.cut(&rest, after: "#")
        query = Self.cut(&rest, after: "?")
        if let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains("/"),
            colon > rest.startIndex
        {
            scheme = rest[..<colon]
            rest = rest[rest.index(after: colon)...]
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = rest[..<end]
            rest = rest[end...]
        }
        path = rest
    }

    /// Removes and returns what follows the mark.
    private static func cut(_ rest: inout Substring, after mark: Character) -> Substring? {
        guard let place = rest.firstIndex(of: mark) else { return nil }
        defer { rest = rest[..<place] }
        return rest[rest.index(after: place)...]
    }

    private var text: String {
        (scheme.map { $0 + ":" } ?? "") + (authority.map { "//" + $0 } ?? "") + path
            + (query.map { "?" + $0 } ?? "") + (fragment.map { "#" + $0 } ?? "")
    }

    /// Resolves a reference against a base (RFC 3986 clause 5.2); nil when the base has no scheme.
    static func resolve(_ reference: String, against base: String) -> String? {
        var target = URIReference(reference)
        let base = URIReference(base)
        guard base.scheme != nil else { return nil }
        if target.scheme == nil {
            if target.authority == nil {
                if target.path.isEmpty {
                    target.path = base.path
                    target.query = target.query ?? base.query
                } else if !target.path.hasPrefix("/") {
                    target.path = base.merged(with: target.path)
                }
                target.authority = base.authority
            }
            target.scheme = base.scheme
        }
        target.path = withoutDots(target.path)
        return target.text
    }

    private func merged(with path: Substring) -> Substring {
        if authority != nil, self.path.isEmpty { return "/" + path }
        guard let slash = self.path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return self.path[...slash] + path
    }

    /// Removes dot segments (RFC 3986 clause 5.2.4).
    private static func withoutDots(_ path: Substring) -> Substring {
        guard path.hasPrefix("/") || path.contains("/") else { return path }
        var kept: [Substring] = []
        let steps = path.split(separator: "/", omittingEmptySubsequences: false)
        for (index, step) in steps.enumerated() {
            let isLast = index == steps.count - 1
            switch step {
            case ".": if isLast { kept.append("") }
            case "..":
                // The part before the first slash stays.
                if kept.count > 1 { kept.removeLast() }
                if isLast { kept.append("") }
            default: kept.append(step)
            }
        }
        return Substring(kept.joined(separator: "/"))
    }
}

extension URIText {
    /// Resolves a reference against a base (RFC 3986 clause 5.2); nil when the base is not a URI.
    package static func resolve(_ reference: String, against base: String) -> String? {
        URIReference.resolve(reference, against: base)
    }
}
