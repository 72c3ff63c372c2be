import HTTPTypes
import Hummingbird

/// Which pages of other origins may use the hub (Fetch Standard, clause 3.2).
///
/// They use it without the visitor's session: cookies are not allowed, a token in `Authorization` is.
struct CrossOrigin: Sendable {
    /// What a page may read of an answer besides what browsers always allow.
    private static let exposed =
        "Link, Location, NGSILD-Results-Count, NGSILD-EntityMap, NGSILD-Tenant, Content-Range, Content-Crs"
    private static let headers =
        "Authorization, Content-Type, Accept, Link, Data-Purpose, NGSILD-Tenant, NGSILD-EntityMap, "
        + "NGSILD-Snapshot, Prefer, Last-Event-ID, MCP-Protocol-Version"
    private static let preflightSeconds = "600"

    private let origins: Set<String>
    private let allowsAll: Bool

    /// The origins are like `https://map.example.org`; `*` stands for all.
    init(_ origins: [String] = []) {
        self.origins = Set(origins)
        allowsAll = origins.contains("*")
    }

    /// Tells the browser that the page of the request may read the answer, if it may.
    func permit(_ request: Request, _ response: inout Response) {
        guard !origins.isEmpty else { return }
        // What is kept on the way is not for every origin.
        if !allowsAll { response.headers.append(HTTPField(name: .vary, value: "Origin")) }
        guard let origin = request.headers[.origin], allowsAll || origins.contains(origin) else {
            return
        }
        response.headers[.accessControlAllowOrigin] = allowsAll ? "*" : origin
        response.headers[.accessControlExposeHeaders] = Self.exposed
        guard request.method == .options, request.headers[.accessControlRequestMethod] != nil else {
            return
        }
        response.headers[.accessControlAllowMethods] = response.headers[.allow]
        response.headers[.accessControlAllowHeaders] = Self.headers
        response.headers[.accessControlMaxAge] = Self.preflightSeconds
    }
}
