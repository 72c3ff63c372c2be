package import ContextModel

/// A route of a service for programs, under its own path.
package struct ServiceRoute: Sendable {
    /// The method: GET reads, the others change something.
    package enum Method: String, Sendable { case get, post, delete }

    /// Answers a request; an error becomes problem details, as everywhere in the hub.
    package typealias Handler =
        @Sendable (ServiceRequest, ServiceContext) async throws -> ServiceAnswer

    package var method: Method
    /// The path below `/services/NAME/`, with captures in braces: `reports/{id}`.
    package var path: String
    /// A verb phrase, for `/openapi.json`.
    package var summary: String
    /// The query parameters with their meanings; others are refused.
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
    /// Access to city data with the rights of the caller.
    ///
    /// Use it for the answer, so that callers learn nothing through the service that they may not
    /// see.
    package let city: CityAccess
    /// The values of the path's captures, decoded.
    package let captures: [String: String]
    /// The values of the query parameters, decoded.
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

/// The answer of a service.
package enum ServiceAnswer: Sendable, Equatable {
    /// The requested data.
    case json(JSONValue)
    /// Something was created; the path is below the service's own.
    case created(path: String)
    /// It is done, without content.
    case done
}
