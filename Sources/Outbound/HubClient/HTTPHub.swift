package import Collect
import AsyncHTTPClient
package import ContextModel
import NIOCore
import NIOHTTP1
import NIOPosix

/// A hub that is reached over its NGSI-LD API: imports write to it, and exports read from it.
///
/// Requests that a hub could not serve (429, 503, no connection) are repeated after the time that
/// it says, or after pauses of growing length. Requests that it refused are not repeated.
package struct HTTPHub: HubDestination {
    /// The longest time in seconds for one answer.
    static let answerSeconds: Int64 = 120
    static let connectSeconds: Int64 = 10
    static let maximumAnswerBytes = 64 << 20
    static let maximumAttempts = 8
    static let maximumWaitSeconds = 30.0

    private let client: HTTPClient
    private let base: String
    private let token: String?
    private var tenant: String?
    private var context: String?
    /// Headers that other brokers need.
    private let headers: [(name: String, value: String)]
    private let sleep: @Sendable (Double) async throws -> Void

    /// `context` is the URL of the `@context` for entities without their own; `sleep` waits for a
    /// number of seconds.
    package init(
        base: String,
        token: String? = nil,
        tenant: String? = nil,
        context: String? = nil,
        headers: [(String, String)] = [],
        sleep: @escaping @Sendable (Double) async throws -> Void = {
            try await Task.sleep(for: .seconds($0))
        }
    ) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.token = token
        self.tenant = tenant
        self.context = context
        self.headers = headers.map { (name: $0.0, value: $0.1) }
        self.sleep = sleep
        client = Self.client
    }

    /// Without retries, because this type repeats requests itself.
    private static let client: HTTPClient = {
        // Redirects are not followed: the token is for this hub alone.
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(connectSeconds)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// Asks the hub once whether it can be reached, so that a wrong address is reported at once.
    package func greet() async throws(HubFailure) {
        var request = HTTPClientRequest(url: base + "/health")
        request.method = .GET
        _ = try await attemptOnce(request).get()
    }

    /// The identity of this hub, which is independent of its address (clause 5.15.1).
    ///
    /// Nil only from a hub that does not have this operation (404), so that a hub always has the
    /// same identity.
    package func identity() async throws(HubFailure) -> String? {
        // A tenant has an alias of its own, and none before it is first written to.
        var hub = self
        (hub.tenant, hub.context) = (nil, nil)
        let path = "/ngsi-ld/v1/info/sourceIdentity"
        let answer = try await hub.send(.GET, path, nil, allowsMissing: true)
        if answer.status == 404 { return nil }
        let json = (try? JSONReader.read(answer.body))?.objectValue
        guard let alias = json?["contextSourceAlias"]?.stringValue else {
            throw .stopped(reason: "The hub at \(base) does not tell its identity.")
        }
        return alias
    }

    package func upsert(
        _ entities: [UInt8],
        isLinkedData: Bool
    ) async throws(HubFailure) -> [EntityRefusal] {
        let answer = try await send(
            .POST,
            "/ngsi-ld/v1/entityOperations/upsert?options=update",
            entities,
            isLinkedData: isLinkedData
        )
        guard answer.status == 207 else { return [] }
        return Self.refusals(in: answer.body)
    }

    /// Sends readings.
    ///
    /// A hub of another product does not have the route (404) and gets a plain update.
    package func receive(_ readings: [UInt8]) async throws(HubFailure) -> [EntityRefusal] {
        let answer = try await send(.POST, "/hub/readings", readings, allowsMissing: true)
        switch answer.status {
        case 404: return try await upsert(readings, isLinkedData: false)
        case 207: return Self.refusals(in: answer.body)
        default: return []
        }
    }

    package func appendHistory(_ temporalEntity: [UInt8]) async throws(HubFailure) {
        _ = try await send(.POST, "/ngsi-ld/v1/temporal/entities", temporalEntity)
    }

    /// The answer to a query, in JSON.
    package func get(_ pathAndQuery: String) async throws(HubFailure) -> [UInt8] {
        try await send(.GET, pathAndQuery, nil).body
    }

    /// The answer to a query, with the number of all results where it tells; nil when there is none (404).
    package func page(
        _ pathAndQuery: String
    ) async throws(HubFailure) -> (body: [UInt8], count: Int?)? {
        let answer = try await send(.GET, pathAndQuery, nil, allowsMissing: true)
        return answer.status == 404 ? nil : (answer.body, answer.count)
    }

    /// A temporal answer, and the moment up to which it is complete if it was cut (206, clause
    /// 6.3.10).
    package struct TemporalPart: Sendable {
        /// The body in JSON.
        package var body: [UInt8]
        /// The last moment in an answer that was cut; nil when it is complete.
        package var cutOffAt: Timestamp?
    }

    /// The answer to a temporal query; nil when there is none (404).
    package func temporalPart(
        _ pathAndQuery: String
    ) async throws(HubFailure) -> TemporalPart? {
        let answer = try await send(.GET, pathAndQuery, nil, allowsMissing: true)
        if answer.status == 404 { return nil }
        guard answer.status == 206 else { return TemporalPart(body: answer.body) }
        guard let end = answer.contentRange.flatMap(Self.end) else {
            throw .stopped(reason: "The hub at \(base) does not tell where its answer was cut off.")
        }
        return TemporalPart(body: answer.body, cutOffAt: end)
    }

    /// Reads the end in `date-time START-END/*`.
    private static func end(ofRange range: String) -> Timestamp? {
        let moments = range.prefix { $0 != "/" }.split(separator: "Z-")
        return moments.count == 2 ? Timestamp(String(moments[1])) : nil
    }

    /// Asks for something to be done; the answer, as JSON text.
    package func post(
        _ pathAndQuery: String,
        _ body: [UInt8]? = nil
    ) async throws(HubFailure) -> [UInt8] {
        try await send(.POST, pathAndQuery, body).body
    }

    /// Puts something in its place; the answer, as JSON text.
    package func put(
        _ pathAndQuery: String,
        _ body: [UInt8]
    ) async throws(HubFailure) -> [UInt8] {
        try await send(.PUT, pathAndQuery, body).body
    }

    /// Sends a DELETE request; returns the answer in JSON.
    package func delete(_ pathAndQuery: String) async throws(HubFailure) -> [UInt8] {
        try await send(.DELETE, pathAndQuery, nil).body
    }
}

// MARK: - Requests

extension HTTPHub {
    private struct Answer {
        var status: Int
        var retryAfterSeconds: Double?
        var contentRange: String?
        /// The number of all results, of which the body may have a part.
        var count: Int?
        var body: [UInt8]
    }

    /// Sends the request until there is an answer that a repetition would not change.
    private func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: [UInt8]?,
        isLinkedData: Bool = false,
        allowsMissing: Bool = false
    ) async throws(HubFailure) -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        if let body {
            let type = isLinkedData ? "application/ld+json" : "application/json"
            request.headers.add(name: "Content-Type", value: type)
            request.body = .bytes(body)
        }
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let tenant { request.headers.add(name: "NGSILD-Tenant", value: tenant) }
        if let context, !isLinkedData {
            let link =
                "<\(context)>; rel=\"http://www.w3.org/ns/json-ld#context\""
                + "; type=\"application/ld+json\""
            request.headers.add(name: "Link", value: link)
        }
        let answer = try await attempts(request)
        if allowsMissing, answer.status == 404 { return answer }
        return try Self.judged(answer, base: base)
    }

    private func attempts(_ request: HTTPClientRequest) async throws(HubFailure) -> Answer {
        for attempt in 1... {
            let outcome = await attemptOnce(request)
            var wait = min(0.25 * Double(1 << min(attempt - 1, 10)), Self.maximumWaitSeconds)
            switch outcome {
            case .success(let answer):
                let isBusy = answer.status == 429 || answer.status == 503
                guard isBusy, attempt < Self.maximumAttempts else { return answer }
                wait = min(answer.retryAfterSeconds ?? wait, Self.maximumWaitSeconds)
            case .failure(let failure):
                guard attempt < Self.maximumAttempts else { throw failure }
            }
            do { try await sleep(wait) } catch { throw .stopped(reason: "It was stopped.") }
        }
        throw .stopped(reason: "The hub at \(base) did not answer.")
    }

    private func attemptOnce(_ request: HTTPClientRequest) async -> Result<Answer, HubFailure> {
        do {
            let response = try await client.execute(
                request,
                timeout: .seconds(Self.answerSeconds)
            )
            let body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
            return .success(
                Answer(
                    status: Int(response.status.code),
                    retryAfterSeconds: response.headers.first(name: "Retry-After").flatMap(
                        Double.init
                    ),
                    contentRange: response.headers.first(name: "Content-Range"),
                    count: ["NGSILD-Results-Count", "Fiware-Total-Count"].lazy
                        .compactMap { response.headers.first(name: $0) }.first.flatMap { Int($0) },
                    body: Array(body.readableBytesView)
                )
            )
        } catch {
            let isRefused = error is NIOConnectionError || error is IOError
            let why = isRefused ? "is it running?" : "\(error)"
            return .failure(.stopped(reason: "The hub at \(base) cannot be reached: \(why)"))
        }
    }
}

// MARK: - Answers

extension HTTPHub {
    private static func judged(_ answer: Answer, base: String) throws(HubFailure) -> Answer {
        let why = problem(in: answer.body)
        switch answer.status {
        case 200..<300: return answer
        case 401, 403:
            throw .stopped(
                reason: "The hub at \(base) refuses access (\(answer.status)): \(why) "
                    + "Give the token by --token, BALAI_TOKEN or --data."
            )
        case 400..<500 where answer.status != 429 && answer.status != 404:
            throw .refused(reason: "\(answer.status): \(why)")
        default: throw .stopped(reason: "The hub at \(base) answers \(answer.status): \(why)")
        }
    }

    /// The text of problem details (RFC 9457).
    private static func problem(in body: [UInt8]) -> String {
        guard let object = (try? JSONReader.read(body))?.objectValue else {
            return String(decoding: body.prefix(200), as: UTF8.self)
        }
        return problem(in: object)
    }

    private static func problem(in object: JSONObject) -> String {
        let texts = ["title", "detail"].compactMap { object[$0]?.stringValue }
        return texts.isEmpty ? "no reason given" : texts.joined(separator: ": ")
    }

    /// The refused entities in the result of a batch operation (clause 5.2.16).
    private static func refusals(in body: [UInt8]) -> [EntityRefusal] {
        let result = (try? JSONReader.read(body))?.objectValue
        return (result?["errors"]?.arrayValue ?? []).compactMap { entry in
            guard let entry = entry.objectValue else { return nil }
            return EntityRefusal(
                entityID: entry["entityId"]?.stringValue ?? "",
                reason: entry["error"]?.objectValue.map(problem) ?? "no reason given"
            )
        }
    }
}
