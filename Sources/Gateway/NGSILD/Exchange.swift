import Broker
package import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import NIOCore

/// One NGSI-LD request and its answer: the parts of the HTTP binding of clause 6.3 that all
/// operations share.
struct Exchange: Sendable {
    let hub: Hub
    let request: Request
    let context: GatewayContext
    let items: QueryItems
    let settings: NGSILDSettings

    /// The caller; its tenant is a snapshot if the request names one.
    var caller: Caller { context.caller }

    init(
        hub: Hub,
        settings: NGSILDSettings,
        allowsSnapshot: Bool = true,
        _ request: Request,
        _ context: GatewayContext
    ) throws(BrokerError) {
        self.hub = hub
        self.settings = settings
        self.request = request
        var context = context
        if !allowsSnapshot, request.headers[.snapshot] != nil {
            throw BrokerError(.badRequestData, "This operation is not possible on a snapshot.")
        }
        context.caller = try context.caller(of: request, on: hub)
        self.context = context
        items = try QueryItems(urlQuery: request.uri.query ?? "")
        try requireNoLoop()
    }

    /// A capture of the path, percent-decoded; a plus in a path is a plus.
    func capture(_ name: String) throws(BrokerError) -> String {
        guard let raw = context.parameters.get(name),
            let text = QueryItems.decode(raw.utf8, plusIsBlank: false),
            !CombiningMarks.areTooMany(in: text)
        else {
            throw BrokerError(.badRequestData, "The path '\(request.uri.path)' is not valid.")
        }
        return text
    }

    /// The entity named in the path.
    func entityID(_ name: String = "entityId") throws(BrokerError) -> EntityID {
        let text = try capture(name)
        guard URIText.isValid(text) else {
            throw BrokerError(.badRequestData, "'\(text)' is not a URI.")
        }
        return EntityID(text)
    }

    // MARK: @context (clauses 6.3.5 and 5.5.7)

    private var linkedContext: JSONValue? {
        get throws(BrokerError) {
            let lines = request.headers[values: .link]
            if lines.isEmpty { return nil }
            do throws(LDContextError) {
                return try LinkHeader.context(in: lines).map(JSONValue.string)
            } catch {
                throw BrokerError(error)
            }
        }
    }

    /// The `@context` of a request without a body.
    func ldContext() async throws(BrokerError) -> LDContext {
        try await ldContext(for: try linkedContext)
    }

    func ldContext(for reference: JSONValue?) async throws(BrokerError) -> LDContext {
        try await hub.contextResolver.resolved(reference, for: caller.sharer)
    }

    // MARK: Bodies (clauses 6.3.4 and 5.5.4)

    /// Reads the body and checks its media type; throws first for a caller without the right to
    /// the operation.
    func body(
        to intent: Access.Intent,
        isKept: Bool = false,
        allowing allowed: [MediaType] = [.json, .jsonLD]
    ) async throws -> (json: JSONValue, type: MediaType) {
        try await hub.access.require(intent, caller)
        guard request.headers[.contentLength] != nil else {
            throw BrokerError(.lengthRequired, "The request has no Content-Length.")
        }
        guard let header = request.headers[.contentType] else {
            // It is a precondition that is not met, unlike a type that is not supported.
            throw BrokerError(
                .invalidRequest,
                "The request has no Content-Type; say application/json or application/ld+json."
            )
        }
        guard let type = MediaType(contentType: header), allowed.contains(type) else {
            let list = allowed.map(\.rawValue).joined(separator: ", ")
            throw BrokerError(
                .unsupportedMediaType,
                "The Content-Type is '\(header)'; use one of: \(list)."
            )
        }
        let bytes = try await request.bytes(limit: maximumBytes(to: intent, isKept: isKept))
        do throws(JSONError) {
            let json = try bytes.withUnsafeReadableBytes { raw throws(JSONError) in
                try JSONReader.read(raw, limits: settings.jsonLimits)
            }
            return (json, type)
        } catch {
            throw BrokerError(.invalidRequest, "The body is not valid JSON. \(error)")
        }
    }

    /// The most bytes of a body: data may be long, a question is short, and what the hub stores
    /// and reads repeatedly, such as a subscription, is shorter.
    private func maximumBytes(to intent: Access.Intent, isKept: Bool) -> Int {
        let limit = settings.maximumBodyBytes
        if isKept { return min(limit, Self.maximumKeptBytes) }
        return intent == .read ? min(limit, Self.maximumQuestionBytes) : limit
    }

    private static let maximumQuestionBytes = 1 << 20
    private static let maximumKeptBytes = 1 << 16

    /// Reads the body and its `@context`.
    func bodyWithContext(
        to intent: Access.Intent,
        isKept: Bool = false,
        allowing allowed: [MediaType] = [.json, .jsonLD]
    ) async throws -> (json: JSONValue, ld: LDContext) {
        let (json, type) = try await body(to: intent, isKept: isKept, allowing: allowed)
        guard case .object = json else {
            throw BrokerError(.invalidRequest, "The body is not a JSON object: \(json.excerpt).")
        }
        return (json, try await ldContext(of: json, type))
    }

    /// The `@context` of a body or of one of its elements: inside in ld+json, otherwise in the
    /// Link header, never both.
    func ldContext(of json: JSONValue, _ type: MediaType) async throws(BrokerError) -> LDContext {
        let embedded = json.objectValue?["@context"]
        try refuseLink(with: type)
        if type == .jsonLD {
            guard let embedded else {
                throw BrokerError(
                    .badRequestData,
                    "The body is application/ld+json and has no @context; add one, or send it as "
                        + "application/json."
                )
            }
            return try await ldContext(for: embedded)
        }
        guard embedded == nil else {
            throw BrokerError(
                .badRequestData,
                "The body has an @context; send it as application/ld+json, or name the @context "
                    + "in a Link header."
            )
        }
        return try await ldContext(for: try linkedContext)
    }

    /// Throws for a Link header with ld+json, whose `@context` is in the body alone.
    func refuseLink(with type: MediaType) throws(BrokerError) {
        guard type == .jsonLD else { return }
        guard try linkedContext == nil else {
            throw BrokerError(
                .badRequestData,
                "With application/ld+json the @context stands in the body, not in a Link."
            )
        }
    }

    // MARK: Answers

    /// The media type of the answer: the one that `format` names, or else one that the caller
    /// accepts.
    func accepted(
        _ available: [MediaType],
        _ items: QueryItems
    ) throws(BrokerError) -> MediaType {
        if let type = items["format"].flatMap(MediaType.init(format:)) { return type }
        return try accepted(available)
    }

    /// The media type that the caller accepts.
    func accepted(_ available: [MediaType] = [.json, .jsonLD]) throws(BrokerError) -> MediaType {
        try MediaType.negotiate(request.headers[.accept], from: available)
    }

    /// An answer with a JSON body.
    ///
    /// Its names were compacted with `ld`, or not at all: partial successes have full names and no
    /// link to an `@context` (clause 6.3.6).
    func answer(
        _ bytes: [UInt8],
        _ type: MediaType,
        ld: LDContext?,
        status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = type.contentType
        if type != .jsonLD, let link = ld?.link {
            headers.append(HTTPField(name: .link, value: link))
        }
        if ld != nil, let version = preferredVersion {
            headers[.preferenceApplied] = "ngsi-ld=\(version.text)"
        }
        addTenant(to: &headers)
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    /// The Link header for an `@context`; empty when the answer needs none.
    ///
    /// An `@context` without its own URL, as that of a POST may be, gets one of the hub.
    func headers(
        linkingTo ld: LDContext,
        _ type: MediaType
    ) async throws -> HTTPFields {
        guard type == .json || type == .geoJSON && !embedsContext,
            let url = try await hub.hosting.hostedURL(of: ld, for: caller.party)
        else { return [:] }
        return [.link: LinkHeader.value(for: url)]
    }

    /// Whether GeoJSON has its `@context` in the body: it does unless the client prefers it in a
    /// header (clause 6.3.6).
    var embedsContext: Bool { preference("body") != "json" }

    /// An answer without a body.
    func answer(_ status: HTTPResponse.Status, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        addTenant(to: &headers)
        return Response(status: status, headers: headers)
    }

    /// 201 with the path of the created resource.
    func created(at path: String) -> Response {
        answer(.created, headers: [.location: path])
    }

    /// Adds the headers that name the tenant and the snapshot of the request (clauses 6.3.14 and
    /// 6.3.22).
    private func addTenant(to headers: inout HTTPFields) {
        guard let tenant = caller.tenant else { return }
        guard let snapshot = tenant.snapshot else {
            headers[.ngsildTenant] = tenant.text
            return
        }
        headers[.ngsildTenant] = snapshot.tenant
        headers[.snapshot] = snapshot.id
    }
}

extension QueryItems {
    /// Whether `options` has the word; throws for words that the operation does not know (clause
    /// 6.3.20).
    func option(_ word: String, of known: [String]) throws(BrokerError) -> Bool {
        try options(of: known).contains(word)
    }

    /// The words of `options`; throws for one that the operation does not know.
    @discardableResult
    func options(of known: [String]) throws(BrokerError) -> [String] {
        let words = (self["options"] ?? "").split(separator: ",").map(String.init)
        if let unknown = words.first(where: { !known.contains($0) }) {
            throw BrokerError(.invalidRequest, "The option '\(unknown)' is unknown here.")
        }
        return words
    }
}

/// The settings of the NGSI-LD routes.
package struct NGSILDSettings: Sendable, Hashable {
    /// The most bytes of a body; a longer one is refused with 413.
    package var maximumBodyBytes = 16 * 1024 * 1024
    package var jsonLimits = JSONLimits.standard
    /// The address of the hub in links to itself, without a slash at the end; nil for the one that a
    /// request asked.
    package var publicURL: String?
    /// Whether the hub itself speaks TLS.
    package var hasTLS = false
    package var catalogue = CatalogueSettings()
    /// The city's time zone, by its IANA name.
    package var timeZone = "UTC"
    /// What the hub says of its city; nil where nobody keeps it.
    package var city: KeptCity?

    /// What the catalogue and the pages say of the data.
    var shownCatalogue: CatalogueSettings {
        guard let kept = city?.current else { return catalogue }
        var shown = catalogue
        shown.cityName = kept.name
        shown.licence = kept.licence ?? catalogue.licence
        shown.contact = kept.contact ?? catalogue.contact
        return shown
    }

    package init() {}
}

extension GatewayContext {
    /// The caller; its tenant is a snapshot if the request names one (clause 6.3.22).
    func caller(of request: Request, on hub: Hub) throws(BrokerError) -> Caller {
        guard let id = request.headers[.snapshot] else { return caller }
        var caller = caller
        caller.tenant = try hub.snapshotting.snapshotStore(id, caller: caller)
        return caller
    }
}

extension HTTPField.Name {
    /// The number of all results (clause 6.3.13).
    static let resultsCount = known("NGSILD-Results-Count")
    /// The snapshot of the request (clause 6.3.22).
    static let snapshot = known("NGSILD-Snapshot")
    /// The Link header (RFC 8288).
    static let link = known("Link")
}

extension HTTPResponse.Status {
    /// The status of a partial success (RFC 4918).
    static let multiStatus = Self(code: 207, reasonPhrase: "Multi-Status")
}
