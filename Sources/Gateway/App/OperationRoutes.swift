import Broker
import Hummingbird
import ContextModel
package import Governance
import HTTPTypes
import Logging

/// The check of `/health`: throws when the store cannot answer.
package typealias HealthProbe = @Sendable () async throws -> Void

extension RouteTable {
    /// Adds the routes for those who run the hub; none of them has city data.
    ///
    /// Call it last: `/openapi.json` describes the routes added before. The policy is asked at
    /// each request.
    package mutating func addOperationRoutes(
        version: String,
        registry: MetricRegistry,
        policy: @autoclosure @escaping @Sendable () -> Policy,
        figures: FigureReading? = nil,
        probe: @escaping HealthProbe
    ) {
        let start = lasting.start
        add(Self.health) { _, context in
            await Self.answerHealth(since: start, version: version, probe: probe, context)
        }
        add(Self.metrics) { _, context in
            if let reason = policy().refusalOfMeasures(to: context.caller) {
                throw BrokerError(reason)
            }
            return await Self.answerMetrics(registry, figures, context)
        }
        let document = OpenAPI.document(
            descriptions + [Self.openAPI],
            version: version
        )
        let bytes = ByteBuffer(bytes: document.serialized)
        add(Self.openAPI) { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: bytes)
            )
        }
    }

    private static let health = RouteDescription(
        .get,
        "/health",
        .operations,
        "Tell whether the hub can serve",
        answers: "application/json"
    )
    private static let metrics = RouteDescription(
        .get,
        "/metrics",
        .operations,
        "Tell the hub's metrics in Prometheus' text format",
        answers: "text/plain"
    )
    private static let openAPI = RouteDescription(
        .get,
        "/openapi.json",
        .operations,
        "Describe every route (OpenAPI 3.1)",
        answers: "application/json",
        keepsAnswers: true
    )

    private static func answerHealth(
        since start: ContinuousClock.Instant,
        version: String,
        probe: HealthProbe,
        _ context: GatewayContext
    ) async -> Response {
        var isSound = true
        do {
            try await probe()
        } catch {
            context.logger.error("the store does not answer: \(error)")
            isSound = false
        }
        let uptime = start.duration(to: .now).components.seconds
        return .json(
            [
                "status": .string(isSound ? "ok" : "failing"),
                "store": .string(isSound ? "ok" : "failing"),
                "uptimeSeconds": .number(JSONNumber(Int(uptime))),
                "version": .string(version),
            ],
            status: isSound ? .ok : .serviceUnavailable
        )
    }

    private static func answerMetrics(
        _ registry: MetricRegistry,
        _ figures: FigureReading?,
        _ context: GatewayContext
    ) async -> Response {
        var now: HubFigures?
        do {
            now = try await figures?()
        } catch {
            // The counters are answered even when the store does not answer.
            context.logger.error("the figures of the store cannot be read: \(error)")
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: registry.prometheusText(now)))
        )
    }
}
