package import ContextModel

/// Who asks, and why: the party, the purpose it names, the tenant it asks of, and where it is.
package struct Caller: Sendable, Hashable {
    package var party: Party
    package var purpose: Purpose?
    package var tenant: TenantName?
    /// Tells apart those without a token, where it is known: no right depends on it.
    package var address: AddressBlock?

    package init(
        party: Party,
        purpose: Purpose? = nil,
        tenant: TenantName? = nil,
        address: AddressBlock? = nil
    ) {
        self.party = party
        self.purpose = purpose
        self.tenant = tenant
        self.address = address
    }

    /// Whose share counts what the request takes.
    package var sharer: Sharer { Sharer(party, at: address) }
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
}

/// The name the operator gave a party.
package struct PartyID: Sendable, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Why data is asked for: a purpose of the Data Privacy Vocabulary, as an IRI or a term.
package struct Purpose: Sendable, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }
}
