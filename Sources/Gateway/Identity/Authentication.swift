import Broker
import ContextModel
import Governance
package import HTTPTypes

/// Turns the headers of a request into a caller.
package struct Authentication: Sendable {
    private let tokens: TokenList
    private let verifier: TokenVerifier
    /// nil when nobody signs in by browser.
    private let signIn: SignIn?
    /// nil when no certificate identifies anybody.
    private let certificates: ClientCertificates?
    /// nil when the hub is in no network.
    private let hubs: HubRequests?
    private let isOpen: Bool

    /// `isOpen` makes everybody on this machine the operator.
    package init(
        tokens: TokenList,
        verifier: TokenVerifier,
        signIn: SignIn? = nil,
        certificates: ClientCertificates? = nil,
        hubs: HubRequests? = nil,
        isOpen: Bool
    ) {
        self.tokens = tokens
        self.verifier = verifier
        self.signIn = signIn
        self.certificates = certificates
        self.hubs = hubs
        self.isOpen = isOpen
    }

    /// Whether the certificates of connections count.
    var takesCertificates: Bool { certificates != nil && !isOpen }

    /// Who asks: by the signature of another hub, by a token, else by a session, else by the certificate of the
    /// connection.
    ///
    /// Throws `unauthenticated` for a token or a certificate that is worth nothing, `badRequestData` for a tenant name that
    /// cannot be one (clause 6.3.14) and for a header that is there twice, and `forbidden` for a purpose that
    /// the token is not for and for what a foreign page asks of an open hub or of
    /// somebody's session.
    func caller(
        of request: HTTPRequest,
        _ certificate: PeerCertificate? = nil
    ) async throws(BrokerError) -> Caller {
        if isOpen { try Self.refuseForeignPage(request) }
        var caller = Caller(party: isOpen ? .operator : .anonymous)
        var credentials: String?
        var cookies: String?
        for field in request.headerFields {
            switch field.name {
            case .authorization where !isOpen:
                guard credentials == nil else { throw Self.twice(field.name) }
                credentials = field.value
            case .cookie where !isOpen && signIn != nil:
                cookies = cookies.map { $0 + ";" + field.value } ?? field.value
            case .ngsildTenant:
                caller.tenant = try tenant(field.value)
            case .dataPurpose:
                guard caller.purpose == nil else { throw Self.twice(field.name) }
                caller.purpose = try purpose(field.value)
            default:
                break
            }
        }
        if let hubs, var hub = try await hubs.caller(of: request) {
            guard credentials == nil, cookies == nil else {
                throw BrokerError(
                    .badRequestData,
                    "A request that a hub has signed shows no token and no session."
                )
            }
            hub.tenant = caller.tenant
            hub.purpose = caller.purpose
            return hub
        }
        if let credentials {
            try Self.put(try await credential(credentials), into: &caller)
        } else if let cookies, let signIn,
            let credential = await signIn.credential(cookies: cookies)
        {
            // A page of anybody can make a browser send more than it may read of.
            if request.method != .get, request.method != .head {
                try signIn.requireOwnPage(request)
            }
            caller.purpose = caller.purpose ?? signIn.purpose(cookies: cookies, of: credential)
            try Self.put(credential, into: &caller)
        } else if let certificate, let certificates {
            try requireNoForeignPage(request)
            try Self.put(try certificates.credential(of: certificate), into: &caller)
        }
        return caller
    }

    /// Nobody in particular, with the tenant of the request: for a route that finds out itself who
    /// asks.
    ///
    /// Throws `badRequestData` for a tenant name that cannot be one.
    func stranger(of request: HTTPRequest) throws(BrokerError) -> Caller {
        var caller = Caller(party: .anonymous)
        if let name = request.headerFields[.ngsildTenant] { caller.tenant = try tenant(name) }
        return caller
    }

    /// A browser shows its certificate in requests of anybody's page, too; programs name no page.
    private func requireNoForeignPage(_ request: HTTPRequest) throws(BrokerError) {
        guard request.method != .get, request.method != .head,
            request.headerFields[.origin] != nil || request.headerFields[.secFetchSite] != nil
        else { return }
        guard let signIn else {
            throw BrokerError(.forbidden, "The hub takes nothing from the pages of others.")
        }
        try signIn.requireOwnPage(request)
    }

    private static func put(
        _ credential: Credential,
        into caller: inout Caller
    ) throws(BrokerError) {
        caller.party = credential.party
        caller.roles = credential.roles
        // Signatures alone make a hub.
        caller.otherRoles = credential.otherRoles.subtracting([Caller.hubRole])
        caller.subject = credential.subject
        guard let purpose = credential.purpose else { return }
        if let asked = caller.purpose, !asked.isOrNarrower(than: purpose) {
            throw BrokerError(
                .forbidden,
                "The token is for \(purpose.text), and not for \(asked.text)."
            )
        }
        caller.purpose = caller.purpose ?? purpose
    }

    private static func twice(_ name: HTTPField.Name) -> BrokerError {
        BrokerError(.badRequestData, "A request has one \(name.rawName).")
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
        guard let host = request.authority,
            ["http://\(host)", "https://\(host)"].contains(origin)
        else {
            throw BrokerError(
                .forbidden,
                "An open hub takes nothing from the pages of others, such as \"\(origin)\"."
            )
        }
    }

    private func credential(_ credentials: String) async throws(BrokerError) -> Credential {
        let parts = credentials.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw BrokerError(
                .unauthenticated,
                "The hub takes \"Authorization: Bearer TOKEN\" and nothing else."
            )
        }
        let token = String(parts[1])
        let hash = TokenHash(of: token)
        if let party = tokens.party(hash) {
            return Credential(party: party, roles: party == .operator ? .admin : [])
        }
        if let credential = verifier.remembered(hash) { return credential }
        return try await verifier.credential(of: token, hash)
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
