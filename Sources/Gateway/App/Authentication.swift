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

    /// `isOpen` makes everybody the operator.
    package init(tokens: TokenList, isOpen: Bool) {
        self.tokens = tokens
        self.isOpen = isOpen
    }

    /// Throws `unauthenticated` for a token nobody has and `badRequestData` for a tenant name that
    /// cannot be one (clause 6.3.14).
    func caller(of headers: HTTPFields) throws(BrokerError) -> Caller {
        var caller = Caller(party: isOpen ? .operator : .anonymous)
        for field in headers {
            switch field.name {
            case .authorization where !isOpen:
                caller.party = try party(bearing: field.value)
            case .ngsildTenant:
                caller.tenant = try tenant(field.value)
            case .purpose:
                caller.purpose = try purpose(field.value)
            default:
                break
            }
        }
        return caller
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
            throw BrokerError(.badRequestData, "A Purpose is at most 256 bytes long.")
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
    /// Why data is asked for: a term or IRI of the Data Privacy Vocabulary.
    package static let purpose = known("Purpose")
}

/// The SHA-256 of a token: what the hub keeps instead of the token.
package struct TokenHash: Sendable, Hashable {
    /// 32 bytes.
    package let bytes: [UInt8]

    package init(of token: String) { bytes = Array(SHA256.hash(data: Array(token.utf8))) }

    /// nil unless there are 32 bytes in hexadecimal digits.
    package init?(hex: String) {
        let digits = hex.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 64, !digits.contains(nil) else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map {
            UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0))
        }
    }

    package var hex: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

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
