package import ContextModel

/// What a service answers to programs, under its own path.
package struct ServiceRoute: Sendable {
    /// What the request does: GET asks, the others change something.
    package enum Method: String, Sendable { case get, post, delete }

    /// Answers a request; what it throws becomes problem details, as everywhere in the hub.
    package typealias Handler =
        @Sendable (ServiceRequest, ServiceContext) async throws -> ServiceAnswer

    package var method: Method
    /// Below `/services/NAME/`, with captures in braces: `reports/{id}`.
    package var path: String
    /// A verb phrase, for `/openapi.json`.
    package var summary: String
    /// The query parameters it takes, with what each means; others are refused.
    package var parameters: [String: String]
    package var handler: Handler

    package init(
        _ method: Method,
        _ path: String,
        _ summary: String,
        parameters: [String: String] = [:],
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.parameters = parameters
        self.handler = handler
    }
}

/// A request to a service.
package struct ServiceRequest: Sendable {
    /// The city's data as whoever asks may see and change it.
    ///
    /// A service answers from here, so that nobody learns through it what he may not see.
    package let city: CityAccess
    /// What the path's captures are, decoded.
    package let captures: [String: String]
    /// What the query parameters are, decoded.
    package let parameters: [String: String]
    /// The body; nil when there is none.
    package let body: JSONValue?

    package init(
        city: CityAccess,
        captures: [String: String] = [:],
        parameters: [String: String] = [:],
        body: JSONValue? = nil
    ) {
        self.city = city
        self.captures = captures
        self.parameters = parameters
        self.body = body
    }
}

/// What a service answers.
package enum ServiceAnswer: Sendable, Equatable {
    /// What was asked for.
    case json(JSONValue)
    /// Something was made; its path is below the service's own.
    case created(path: String)
    /// It is done, and there is nothing to tell.
    case done
}
