import Broker
package import HTTPTypes

/// The description of a route for `/openapi.json`.
package struct RouteDescription: Sendable {
    /// The part of the hub a route belongs to.
    package enum Section: String, Sendable, CaseIterable {
        case contextInformation = "Context information"
        case temporal = "Temporal evolution"
        case entityMaps = "EntityMaps"
        case snapshots = "Snapshots"
        case subscriptions = "Subscriptions"
        case registrations = "Context sources"
        case ldContexts = "JSON-LD contexts"
        case features = "Features"
        case governance = "Governance"
        case network = "Network"
        case services = "Services"
        case sources = "Sources"
        case pages = "Pages"
        case operations = "Operations"

        /// Whether its operations can use a snapshot (clause 5.5.15), as those of the Core and the
        /// Temporal API.
        var isOfSnapshots: Bool {
            switch self {
            case .contextInformation, .temporal, .entityMaps, .subscriptions: true
            case .snapshots, .registrations, .ldContexts, .features, .governance, .network,
                .services, .sources, .pages, .operations:
                false
            }
        }
    }

    /// The bytes of a body from which the operation may take long.
    ///
    /// It is zero for operations on lists of the hub, and for those of services. A subscription of
    /// a few kilobytes has conditions that take longer to prepare than to read.
    var longBytes: Int {
        switch section {
        case .entityMaps, .snapshots, .registrations, .ldContexts, .governance, .network, .services:
            0
        case .subscriptions: method == .get ? 0 : 4 * 1_024
        case .contextInformation, .temporal, .features, .sources, .pages, .operations:
            LongWork.leastBytes
        }
    }

    package var method: HTTPRequest.Method
    /// The path, with captures in braces: `/ngsi-ld/v1/entities/{entityId}`.
    package var path: String
    package var section: Section
    /// A verb phrase, as in the standard if it has one.
    package var summary: String
    /// The clause of GS CIM 009 that defines the route.
    package var clause: String?
    package var query: [QueryParameter]
    /// The media types of the body; empty for a route without a body.
    package var accepts: [String]
    /// The schema of a JSON body; nil for another body, or none.
    package var body: BodySchema?
    /// The media type of a successful answer; nil for an answer without a body.
    package var answers: String?
    /// The status of a successful answer.
    package var status: Int
    /// Whether its answers are in memory anyway.
    package var keepsAnswers: Bool
    /// Whether its handler finds out by itself who asks, and the hub's tokens do not count.
    package var identifiesItself = false

    package init(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ section: Section,
        _ summary: String,
        clause: String? = nil,
        query: [QueryParameter] = [],
        accepts: [String] = [],
        body: BodySchema? = nil,
        answers: String? = nil,
        status: Int = 200,
        keepsAnswers: Bool = false
    ) {
        self.method = method
        self.path = path
        self.section = section
        self.summary = summary
        self.clause = clause
        self.query = query
        self.accepts = accepts
        self.body = body
        self.answers = answers
        self.status = status
        self.keepsAnswers = keepsAnswers
    }

    /// The names of the captures, in the order of the path.
    package var captures: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
            .map { String($0.dropFirst().dropLast()) }
    }
}

/// The description of a query parameter.
package struct QueryParameter: Sendable, Hashable {
    /// The JSON Schema type of the value.
    package enum Kind: String, Sendable {
        case string, integer, number, boolean
    }
    package var name: String
    package var summary: String
    package var kind: Kind
    package var isRequired: Bool

    package init(
        _ name: String,
        _ summary: String,
        kind: Kind = .string,
        isRequired: Bool = false
    ) {
        self.name = name
        self.summary = summary
        self.kind = kind
        self.isRequired = isRequired
    }
}
