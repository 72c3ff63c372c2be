/// A request as a signature covers it (RFC 9421, clause 2).
package struct SignableRequest: Sendable {
    package var method: String
    /// The host, and the port unless it is the scheme's own; in small letters.
    package var authority: String
    /// As it is sent, percent-encoded.
    package var path: String
    /// Without the question mark; nil where there is none.
    package var query: String?
    /// In the order in which they are sent; names in small letters.
    package private(set) var fields: [(name: String, value: String)] = []

    package init(method: String, authority: String, path: String, query: String? = nil) {
        self.method = method
        self.authority = authority.lowercased()
        self.path = path.isEmpty ? "/" : path
        self.query = query
    }

    /// A request to an address such as `https://host/path?query`.
    ///
    /// Returns nil for what is no such address.
    package init?(method: String, url: String) {
        guard let scheme = ["https", "http"].first(where: { url.hasPrefix($0 + "://") }) else {
            return nil
        }
        let rest = url.dropFirst(scheme.count + 3)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        var authority = String(rest[..<end])
        let own = scheme == "https" ? ":443" : ":80"
        if authority.hasSuffix(own) { authority.removeLast(own.count) }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let target = rest[end...].prefix { $0 != "#" }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: method,
            authority: authority,
            path: parts.first.map(String.init) ?? "",
            query: parts.count > 1 ? String(parts[1]) : nil
        )
    }

    package mutating func add(_ name: String, _ value: String) {
        fields.append((name.lowercased(), value))
    }

    /// Whether it has a field with the name, which is in small letters.
    package func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// All values of the field, as one; nil where there is none (RFC 9421, clause 2.1).
    package func value(of name: String) -> String? {
        let values = fields.filter { $0.name == name }
            .map { $0.value.drop(while: Self.isBlank) }
            .map { value in
                value.lastIndex { !Self.isBlank($0) }.map { value[...$0] } ?? ""
            }
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    private static func isBlank(_ letter: Character) -> Bool { letter == " " || letter == "\t" }
}

/// What of a request a signature covers: of those of RFC 9421 the ones that requests between hubs need.
package enum SignatureComponent: Sendable, Hashable {
    case method, authority, path, query
    /// A field of the header, by its name in small letters.
    case field(String)

    /// As it stands in `Signature-Input`.
    package var name: String {
        switch self {
        case .method: "@method"
        case .authority: "@authority"
        case .path: "@path"
        case .query: "@query"
        case .field(let name): name
        }
    }

    /// Nil for what is not understood.
    package init?(_ name: String) {
        switch name {
        case "@method": self = .method
        case "@authority": self = .authority
        case "@path": self = .path
        case "@query": self = .query
        default:
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isOfName) else { return nil }
            self = .field(name)
        }
    }

    /// The letters of names of fields, in small letters (RFC 9110, clause 5.6.2).
    private static func isOfName(_ byte: UInt8) -> Bool {
        byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39
            || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// Its value in the request; nil where it has none.
    func value(in request: SignableRequest) -> String? {
        switch self {
        case .method: request.method
        case .authority: request.authority
        case .path: request.path
        case .query: "?" + (request.query ?? "")
        case .field(let name): request.value(of: name)
        }
    }
}
