import Broker
import ContextModel
import Crypto
package import Governance
package import HTTPTypes
import Synchronization

/// Turns the headers of a request into a caller.
package struct Authentication: Sendable {
    private let tokens: TokenList
    private let isOpen: Bool

    /// `isOpen` makes everybody on this machine the operator.
    package init(tokens: TokenList, isOpen: Bool) {
        self.tokens = tokens
        self.isOpen = isOpen
    }

    /// Throws `unauthenticated` for a token nobody has, `badRequestData` for a tenant name that
    /// cannot be one (clause 6.3.14), and `forbidden` for what a foreign page asks of an open hub.
    func caller(of request: HTTPRequest) throws(BrokerError) -> Caller {
        if isOpen { try Self.refuseForeignPage(request) }
        var caller = Caller(party: isOpen ? .operator : .anonymous)
        for field in request.headerFields {
            switch field.name {
            case .authorization where !isOpen:
                caller.party = try party(bearing: field.value)
                if caller.party == .operator { caller.roles = .admin }
            case .ngsildTenant:
                caller.tenant = try tenant(field.value)
            case .dataPurpose:
                guard caller.purpose == nil else {
                    throw BrokerError(.badRequestData, "A request has one Data-Purpose.")
                }
                caller.purpose = try purpose(field.value)
            default:
                break
            }
        }
        return caller
    }

    /// An open hub asks nobody for a token, so a page of anybody, open in a browser on this machine,
    /// could make the browser write to it.
    ///
    /// A browser tells the page's origin; and the host it believes to talk to, where a name of the
    /// page's owner was made to lead here.
    private static func refuseForeignPage(_ request: HTTPRequest) throws(BrokerError) {
        if let host = request.authority, !Loopback.isLoopback(authority: host) {
            throw BrokerError(
                .forbidden,
                "An open hub is for its own machine: it answers to localhost, 127.0.0.1 and [::1], "
                    + "not to \"\(host)\"."
            )
        }
        guard let origin = request.headerFields[.origin] else { return }
        guard let host = request.authority, origin == "http://\(host)" else {
            throw BrokerError(
                .forbidden,
                "An open hub takes nothing from the pages of others, such as \"\(origin)\"."
            )
        }
    }

    private func party(bearing credentials: String) throws(BrokerError) -> Party {
        let parts = credentials.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw BrokerError(
                .unauthenticated,
                "The hub takes \"Authorization: Bearer TOKEN\" and nothing else."
            )
        }
        guard let party = tokens.party(bearing: String(parts[1])) else {
            throw BrokerError(.unauthenticated, "The hub knows no such token.")
        }
        return party
    }

    private func tenant(_ value: String) throws(BrokerError) -> TenantName? {
        if value.isEmpty { return nil }
        guard let name = TenantName(value) else {
            throw BrokerError(
                .badRequestData,
                "\"\(value)\" cannot be a tenant: letters, digits, \"_\", \"-\" and \".\", "
                    + "at most 64."
            )
        }
        return name
    }

    private func purpose(_ value: String) throws(BrokerError) -> Purpose? {
        if value.isEmpty { return nil }
        guard value.utf8.count <= Self.maximumPurposeBytes else {
            throw BrokerError(.badRequestData, "A Data-Purpose is at most 256 bytes long.")
        }
        return Purpose(value)
    }

    private static let maximumPurposeBytes = 256
}

extension HTTPField.Name {
    /// A name written in the program, where one that cannot be a field's is a bug.
    package static func known(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("no header field: \(name)") }
        return name
    }

    /// The tenant asked of (clause 6.3.14).
    package static let ngsildTenant = known("NGSILD-Tenant")
    /// Why data is asked for: a term or IRI of the Data Privacy Vocabulary. (Browsers have a use of
    /// their own for `Purpose`.)
    package static let dataPurpose = known("Data-Purpose")
}

/// The SHA-256 of a token: what the hub keeps instead of the token.
package struct TokenHash: Sendable, Hashable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(of token: String) { bytes = Array(SHA256.hash(data: Array(token.utf8))) }

    /// nil unless there are 32 bytes in hexadecimal digits.
    package init?(hex: String) {
        guard let bytes = Hexadecimal.bytes(of: hex), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    package var hex: String { Hexadecimal.text(of: bytes) }

    /// Takes as long for equal as for unequal hashes.
    func matches(_ other: TokenHash) -> Bool {
        zip(bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// Whose token is whose; may be replaced while the hub runs.
package final class TokenList: Sendable {
    private let entries: Mutex<[(hash: TokenHash, party: Party)]>

    package init(_ entries: [(hash: TokenHash, party: Party)] = []) {
        self.entries = Mutex(entries)
    }

    package func replace(with entries: [(hash: TokenHash, party: Party)]) {
        self.entries.withLock { $0 = entries }
    }

    /// Looks at every entry, so that the time taken tells nothing.
    func party(bearing token: String) -> Party? {
        let hash = TokenHash(of: token)
        return entries.withLock { entries in
            entries.reduce(nil as Party?) { $1.hash.matches(hash) ? $1.party : $0 }
        }
    }
}
