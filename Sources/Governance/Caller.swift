package import ContextModel

/// Who asks, and why: the party with its roles, the person, the purpose, the tenant asked of, and where
/// the party is.
package struct Caller: Sendable, Hashable {
    package var party: Party
    /// What its token says that it may do beside what the policy permits the party.
    package var roles: Roles
    /// Roles that only policies know: the issuer of its token gave them.
    package var otherRoles: Set<String> = []
    /// The person whose token it is; nil where it is nobody's own.
    package var subject: SubjectID?
    package var purpose: Purpose?
    package var tenant: TenantName?
    /// Those in whose place the party asks besides its own: it may do what it and each of them may.
    package var principals: [Party] = []
    /// What may not leave the state for it, whatever its rights are.
    package var barred: Set<BarredData> = []
    /// The hubs that the question came through before, by their names; rights are those of `principals`.
    package var hubs: [String] = []
    /// The party that asked first, by the name that another hub has for it; no right depends on it.
    package var asker: String?
    /// Tells apart those without a token, where it is known: no right depends on it.
    package var address: AddressBlock?

    /// The operator has the role `admin` unless told otherwise, and nobody else has a role.
    package init(
        party: Party,
        roles: Roles? = nil,
        subject: SubjectID? = nil,
        purpose: Purpose? = nil,
        tenant: TenantName? = nil,
        address: AddressBlock? = nil
    ) {
        self.party = party
        self.roles = roles ?? (party == .operator ? .admin : [])
        self.subject = subject
        self.purpose = purpose
        self.tenant = tenant
        self.address = address
    }

    /// Whose share counts what the request takes.
    package var sharer: Sharer { Sharer(party, at: address) }

    /// The role that each hub of the network has, so that policies can name all of them.
    package static let hubRole = "hub"

    /// Whether another hub asks.
    package var isHub: Bool { otherRoles.contains(Self.hubRole) }

    /// The party alone, and each in whose place it asks: what all of them may do, the caller may.
    package var each: [Caller] {
        guard !principals.isEmpty else { return [self] }
        var own = self
        own.principals = []
        own.barred = []
        return [own]
            + principals.map { party in
                var other = Caller(party: party, roles: [], purpose: purpose, tenant: tenant)
                if case .named = party { other.otherRoles = otherRoles }
                return other
            }
    }

    /// The party as the record names it, with who asked it behind a number sign; nil for nobody in particular.
    package var recordedParty: String? {
        guard let uri = party.id?.uri else { return nil }
        return asker.map { uri + "#" + $0 } ?? uri
    }
}

/// A party in the sense of ODRL: somebody a policy can name.
package enum Party: Sendable, Hashable {
    /// Nobody in particular: a reader without a token.
    case anonymous
    /// The people who run this hub.
    case `operator`
    /// A client the operator gave a token and a name.
    case named(PartyID)
    /// A service of the city that runs inside the hub.
    case service(ServiceName)

    /// The name that choices and the record know it by; nil for nobody in particular.
    package var id: PartyID? {
        switch self {
        case .anonymous: nil
        case .operator: PartyID("operator")
        case .named(let id): id
        case .service(let name): PartyID("service:" + name.text)
        }
    }
}

/// The name of a party: one that the operator gave it, or a URI.
package struct PartyID: Sendable, Hashable {
    /// The name alone, without the beginning of the URI of a party of this hub.
    package let text: String

    /// A name or a URI; `urn:balai:party:NAME` is another way to write a name.
    package init(_ text: String) {
        let isOwn = text.hasPrefix(Self.prefix) && text.utf8.count > Self.prefix.utf8.count
        self.text = isOwn ? String(text.dropFirst(Self.prefix.count)) : text
    }

    /// The name as a URI.
    package var uri: String {
        text.utf8.contains(UInt8(ascii: ":")) ? text : Self.prefix + text
    }

    private static let prefix = "urn:balai:party:"
}

/// What a token lets its bearer do beside what the policy permits its party.
package struct Roles: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Provision and govern; reading personal data is no part of it.
    package static let admin = Roles(rawValue: 1)

    /// Every role there is, by its name.
    package static let byName: [String: Roles] = ["admin": .admin]

    /// In the order of the alphabet.
    package var names: [String] {
        Self.byName.filter { isSuperset(of: $0.value) }.map(\.key).sorted()
    }
}

/// A person whom data is about (a data subject): a URI.
///
/// Whoever reads one from outside checks that it is a URI.
package struct SubjectID: Sendable, Hashable, CustomStringConvertible {
    package let uri: String
    package init(_ uri: String) { self.uri = uri }
    package var description: String { uri }
}
