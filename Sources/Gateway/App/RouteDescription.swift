import Broker
package import HTTPTypes

/// A route in words: what `/openapi.json` says about it.
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
        case governance = "Governance"
        case services = "Services"
        case pages = "Pages"
        case operations = "Operations"

        /// Whether its operations can be about a snapshot (clause 5.5.15): those of the Core and the
        /// Temporal API.
        var isOfSnapshots: Bool {
            switch self {
            case .contextInformation, .temporal, .entityMaps, .subscriptions: true
            case .snapshots, .registrations, .ldContexts, .governance, .services, .pages,
                .operations:
                false
            }
        }
    }

    /// Bytes of a body from which on the operation may take long.
    ///
    /// None for operations that look at lists the hub keeps, or that are a service's own. A subscription
    /// of some kilobytes has conditions that take longer to be made ready than to be read.
    var longBytes: Int {
        switch section {
        case .entityMaps, .snapshots, .registrations, .ldContexts, .governance, .services: 0
        case .subscriptions: method == .get ? 0 : 4 * 1_024
        case .contextInformation, .temporal, .pages, .operations: LongWork.leastBytes
        }
    }

    package var method: HTTPRequest.Method
    /// With captures in braces: `/ngsi-ld/v1/entities/{entityId}`.
    package var path: String
    package var section: Section
    /// A verb phrase, the standard's where it has one.
    package var summary: String
    /// The clause of GS CIM 009 that defines the route.
    package var clause: String?
    package var query: [QueryParameter]
    /// Media types the body may have; none for a route without a body.
    package var accepts: [String]
    /// The shape of a JSON body; nil for another one, or none.
    package var body: BodySchema?
    /// The media type of a good answer; nil for an answer without a body.
    package var answers: String?
    /// The status of a good answer.
    package var status: Int
    /// Whether the answers are in memory whether anybody asks for them or not.
    package var keepsAnswers: Bool

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

    /// The names in braces, in the order of the path.
    package var captures: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
            .map { String($0.dropFirst().dropLast()) }
    }
}

/// A query parameter in words.
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
