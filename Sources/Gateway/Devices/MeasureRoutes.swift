import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import NIOCore

extension NGSILDRoutes {
    private static let json = "/iot/json"
    private static let sender = [
        QueryParameter("k", "The key of the device's group", isRequired: true),
        QueryParameter("i", "What the device calls itself", isRequired: true),
    ]
    private static let time = QueryParameter("t", "When it was measured (ISO 8601)")
    private static let asks = QueryParameter("getCmd", "1: answer with the commands that wait")

    /// Adds the routes by which devices send and ask: the key of its group is all that a device needs.
    mutating func addMeasureRoutes() {
        addDeviceRoute(
            RouteDescription(
                .post,
                Self.json,
                .sources,
                "Take measures of a device",
                query: Self.sender + [Self.time, Self.asks],
                accepts: ["application/json"],
                answers: "application/json"
            )
        ) { device in try await device.take(.measures) }
        addDeviceRoute(
            RouteDescription(
                .get,
                Self.json,
                .sources,
                "Give a device the commands that wait for it",
                query: Self.sender + [Self.asks],
                answers: "application/json"
            )
        ) { device in .json(.object(try await device.commands)) }
        addDeviceRoute(
            RouteDescription(
                .post,
                Self.json + "/attrs/{attributeName}",
                .sources,
                "Take one measure of a device",
                query: Self.sender + [Self.time],
                accepts: ["application/json", "text/plain", "application/octet-stream"],
                answers: "application/json"
            )
        ) { device in
            guard let raw = device.context.parameters.get("attributeName"),
                let name = QueryItems.decode(raw.utf8, plusIsBlank: false)
            else { throw BrokerError(.badRequestData, "The path names no measure.") }
            guard !CombiningMarks.areTooMany(in: name) else {
                throw BrokerError(.badRequestData, "In the path \(CombiningMarks.problem).")
            }
            return try await device.take(.measure(name))
        }
        addDeviceRoute(
            RouteDescription(
                .post,
                Self.json + "/commands",
                .sources,
                "Take results of commands of a device",
                query: Self.sender,
                accepts: ["application/json"],
                answers: "application/json"
            )
        ) { device in try await device.take(.results) }
    }

    private mutating func addDeviceRoute(
        _ description: RouteDescription,
        _ handler: @escaping @Sendable (SendingDevice) async throws -> Response
    ) {
        var description = description
        description.identifiesItself = true
        let (hub, limit) = (hub, min(settings.maximumBodyBytes, ReceivedMessage.maximumBytes))
        addPlain(description) { request, context in
            let items = try QueryItems(urlQuery: request.uri.query ?? "")
            let device = try SendingDevice(hub, request, context, items, limit)
            // From here on it is work of the group, which others from the same address do not wait for.
            await context.executor?.serve(device.source.key.caller.sharer)
            return try await handler(device)
        }
    }
}

/// A request of a device, whose key is known.
private struct SendingDevice: Sendable {
    let hub: Hub
    let request: Request
    let context: GatewayContext
    let items: QueryItems
    let limit: Int
    let id: String
    let source: LiveSource

    /// Throws `unauthenticated` for an unknown key, and `resourceNotFound` for a device that may not send.
    init(
        _ hub: Hub,
        _ request: Request,
        _ context: GatewayContext,
        _ items: QueryItems,
        _ limit: Int
    ) throws(BrokerError) {
        guard let key = items["k"], let source = hub.sourcing.deviceGroup(key: key) else {
            throw BrokerError(.unauthenticated, "There is no group of devices with this key (`k`).")
        }
        guard let id = items["i"], hub.sourcing.admits(device: id, of: source) else {
            throw BrokerError(
                .resourceNotFound,
                "The device of `i` is not provisioned, and its group takes no others."
            )
        }
        (self.hub, self.request, self.context) = (hub, request, context)
        (self.items, self.limit, self.id, self.source) = (items, limit, id, source)
    }

    /// Takes what the body has: 200 when all of it is on disk, and 202 with the reasons when a part is refused.
    func take(_ content: MeasureAddress.Content) async throws -> Response {
        let body = Array(buffer: try await request.bytes(limit: limit))
        let number = request.headers[.idempotencyKey]
        let message = ReceivedMessage(
            body,
            topic: MeasureAddress(device: id, content, time: items["t"]).text,
            number: number.map { "key \(id) \($0)" },
            receivedAt: hub.clock()
        )
        switch try await hub.sourcing.receive([message], by: source)[0] {
        case .stored, .repeated: return .json(.object(try await commandsIfAsked))
        case .refused(let reasons):
            // A device gets its commands all the same, under their names.
            var json = try await commandsIfAsked
            json["refused"] = .array(reasons.map { .string($0) })
            return .json(.object(json), status: .accepted)
        }
    }

    private var commandsIfAsked: JSONObject {
        get async throws { items["getCmd"] == "1" ? try await commands : JSONObject() }
    }

    /// The commands that wait for the device.
    var commands: JSONObject {
        get async throws {
            guard !source.kept.isPaused else {
                throw BrokerError(.overloaded, "The source '\(source.key.name)' is paused.")
            }
            guard items["getCmd"] == "1" else {
                throw BrokerError(.badRequestData, "A device asks with `getCmd=1`.")
            }
            return try await hub.sourcing.takeCommands(for: id, of: source)
        }
    }
}
