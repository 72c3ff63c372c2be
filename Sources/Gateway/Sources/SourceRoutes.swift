package import Broker
package import Collect
import ContextModel
import Foundation
import Governance
import HTTPTypes
import Hummingbird
import NIOCore

extension RouteTable {
    /// Adds the routes of sources: the operator's, and the one that takes messages.
    ///
    /// They are not part of the standard.
    package mutating func addSourceRoutes(
        _ hub: Hub,
        _ settings: NGSILDSettings,
        _ secrets: SourceSecrets
    ) {
        var routes = NGSILDRoutes(hub: hub, settings: settings, table: self)
        routes.addSourceLists()
        routes.addSourceDocuments()
        routes.addSourceActions()
        routes.addRefusedMessages()
        routes.addWebhookRoute(secrets)
        self = routes.table
    }
}

extension NGSILDRoutes {
    private static let all = "/sources/v1"
    private static let one = all + "/{sourceName}"
    private static let definitions = ["application/yaml", "text/yaml", "application/json"]

    fileprivate mutating func addSourceLists() {
        add(
            RouteDescription(
                .get,
                Self.all,
                .sources,
                "List the sources with what they last said",
                answers: "application/json"
            )
        ) { exchange in
            let sourcing = exchange.hub.sourcing
            var list: [JSONValue] = []
            for source in try sourcing.sources(caller: exchange.caller) {
                list.append(source.json(sourcing, exchange.caller))
            }
            return .json(.array(list))
        }
        add(
            RouteDescription(
                .get,
                Self.one,
                .sources,
                "Retrieve a source with its definition",
                answers: "application/json"
            )
        ) { exchange in
            let sourcing = exchange.hub.sourcing
            let source = try sourcing.source(try exchange.sourceName(), caller: exchange.caller)
            return .json(source.json(sourcing, exchange.caller))
        }
    }

    fileprivate mutating func addSourceDocuments() {
        add(
            RouteDescription(
                .put,
                Self.one,
                .sources,
                "Create a source, or give it another definition",
                accepts: Self.definitions,
                body: .source,
                status: 204
            )
        ) { exchange in
            let name = try exchange.sourceName()
            let text = try await exchange.definition(Self.definitions)
            let isNew = try await exchange.hub.sourcing.put(name, text, caller: exchange.caller)
            return isNew
                ? exchange.created(at: "\(Self.all)/\(name)") : exchange.answer(.noContent)
        }
        add(
            RouteDescription(
                .delete,
                Self.one,
                .sources,
                "Remove a source; what it wrote stays",
                status: 204
            )
        ) { exchange in
            let name = try exchange.sourceName()
            try await exchange.hub.sourcing.delete(name, caller: exchange.caller)
            return exchange.answer(.noContent)
        }
    }

    fileprivate mutating func addSourceActions() {
        for (word, isPaused) in [("pause", true), ("resume", false)] {
            add(
                RouteDescription(
                    .post,
                    "\(Self.one)/\(word)",
                    .sources,
                    isPaused ? "Let a source take nothing" : "Let a paused source go on",
                    status: 204
                )
            ) { exchange in
                let name = try exchange.sourceName()
                try await exchange.hub.sourcing.setPaused(name, isPaused, caller: exchange.caller)
                return exchange.answer(.noContent)
            }
        }
        add(
            RouteDescription(
                .post,
                "\(Self.one)/try",
                .sources,
                "Show what a message would become, and store nothing",
                accepts: ["application/json"],
                body: .sourceTrial,
                answers: "application/json"
            )
        ) { exchange in
            let name = try exchange.sourceName()
            let json = try await exchange.body(to: .administer, allowing: [.json]).json
            let trial = try SourceTrial(json, receivedAt: exchange.hub.clock())
            let content = try exchange.hub.sourcing.tryOut(
                trial.definition,
                of: name,
                trial.message,
                caller: exchange.caller
            )
            return .json(content.json)
        }
    }

    fileprivate mutating func addRefusedMessages() {
        let path = Self.one + "/refused"
        add(
            RouteDescription(
                .get,
                path,
                .sources,
                "List the messages that were refused",
                query: [QueryParameter("limit", "At most so many", kind: .integer)],
                answers: "application/json"
            )
        ) { exchange in
            let messages = try await exchange.hub.sourcing.refusedMessages(
                of: try exchange.sourceName(),
                limit: try exchange.items.number("limit") ?? exchange.hub.limits.maximumPage,
                caller: exchange.caller
            )
            let isShown = exchange.hub.sourcing.showsContent(to: exchange.caller)
            return .json(.array(messages.messages.map { $0.json(withContent: isShown) }))
        }
        add(
            RouteDescription(
                .post,
                path + "/retry",
                .sources,
                "Map and write refused messages again",
                answers: "application/json"
            )
        ) { exchange in
            let result = try await exchange.hub.sourcing.retryRefused(
                of: try exchange.sourceName(),
                caller: exchange.caller
            )
            return .json([
                "stored": .number(JSONNumber(result.stored)),
                "refused": .number(JSONNumber(result.refused)),
            ])
        }
        add(
            RouteDescription(
                .delete,
                path,
                .sources,
                "Remove refused messages",
                answers: "application/json"
            )
        ) { exchange in
            let count = try await exchange.hub.sourcing.dropRefused(
                of: try exchange.sourceName(),
                caller: exchange.caller
            )
            return .json(["dropped": .number(JSONNumber(count))])
        }
    }
}

extension Exchange {
    fileprivate func sourceName() throws(BrokerError) -> SourceName {
        let text = try capture("sourceName")
        guard let name = SourceName(text) else {
            throw BrokerError(
                .badRequestData,
                "A source's name has lower-case letters, digits and '-', at most 64: not '\(text)'."
            )
        }
        return name
    }

    /// The body as the text of a definition; throws first for a caller that may not.
    fileprivate func definition(_ types: [String]) async throws -> String {
        try await hub.access.require(.administer, caller)
        let header = request.headers[.contentType] ?? ""
        let type = header.prefix { $0 != ";" }.lowercased()
        guard types.contains(type) else {
            throw BrokerError(
                .unsupportedMediaType,
                "The Content-Type is '\(header)'; use one of: \(types.joined(separator: ", "))."
            )
        }
        let bytes = try await request.bytes(limit: SourceDefinition.maximumBytes)
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw BrokerError(.badRequestData, "The definition is not UTF-8.")
        }
        return text
    }
}

/// A trial of a definition, or of the one that is kept, with a message.
struct SourceTrial {
    var definition: String?
    var message: ReceivedMessage

    init(_ json: JSONValue, receivedAt: Timestamp) throws(BrokerError) {
        guard case .object(let object) = json, let body = try Self.body(object) else {
            throw BrokerError(.badRequestData, "A trial is an object with a 'message' or 'bytes'.")
        }
        for key in object.members.map(\.key)
        where !["definition", "message", "bytes", "topic"].contains(key) {
            throw BrokerError(.badRequestData, "A trial has no '\(key)'.")
        }
        definition = object["definition"].map(Self.text)
        message = ReceivedMessage(
            body,
            topic: object["topic"]?.stringValue,
            receivedAt: receivedAt
        )
    }

    /// The message, or the bytes of one that is no text, in Base64 (RFC 4648, clause 4).
    private static func body(_ object: JSONObject) throws(BrokerError) -> [UInt8]? {
        guard let bytes = object["bytes"] else {
            return object["message"].map { Array(text($0).utf8) }
        }
        guard object["message"] == nil, let text = bytes.stringValue,
            let data = Data(base64Encoded: text)
        else {
            throw BrokerError(.badRequestData, "'bytes' are Base64, in place of 'message'.")
        }
        return Array(data)
    }

    /// A text as it is, and anything else as JSON.
    private static func text(_ value: JSONValue) -> String {
        value.stringValue ?? String(decoding: value.serialized, as: UTF8.self)
    }
}

extension MappedContent {
    fileprivate var json: JSONValue {
        var json: JSONObject = [
            "entities": .array(entities), "refused": .array(refusals.map { .string($0) }),
        ]
        json["number"] = number.map { .string($0) }
        return .object(json)
    }
}

extension LiveSource {
    /// The source with its definition, which has no secrets, and what came from it since the start.
    fileprivate func json(_ sourcing: Sourcing, _ caller: Caller) -> JSONValue {
        let (figures, keptRefusals) = sourcing.figures(of: self, for: caller)
        func number(_ count: Int) -> JSONValue { .number(JSONNumber(count)) }
        var json: JSONObject = [
            "name": .string(key.name.text), "way": .string(mapping.way),
            "types": .array(kept.types.map { .string($0.text) }), "paused": .bool(kept.isPaused),
            "fromFile": .bool(kept.isFromFile), "changedAt": .string(kept.changedAt.text),
            "definition": .string(kept.definition), "messages": number(figures.messages),
            "entities": number(figures.entities), "repeated": number(figures.repeated),
            "refused": number(figures.refused), "keptRefusals": number(keptRefusals),
            "droppedRefusals": number(figures.dropped),
        ]
        if mapping.reports != .never {
            json["things"] = number(figures.things)
            json["silent"] = number(figures.silent)
            json["silentAfter"] = figures.silentAfterSeconds.map(number)
            json["isSilent"] = .bool(figures.isSilent)
        }
        json["about"] = mapping.about.map { .string($0) }
        json["connected"] = figures.isConnected.map { .bool($0) }
        json["connection"] = figures.connection.map { .string($0) }
        json["lastMessage"] = figures.last.map { last in
            var message: JSONObject = [
                "receivedAt": .string(last.receivedAt.text),
                "entities": .array(last.entities.map { .string($0.uri) }),
                "refused": .array(last.refusals.map { .string($0) }),
            ]
            message["beginning"] = last.beginning.map { .string($0) }
            message["topic"] = last.topic.map { .string(ReceivedMessage.hidingKey(in: $0)) }
            return .object(message)
        }
        json["lastRefusal"] = figures.lastRefusal.map { .string($0) }
        return .object(json)
    }
}
