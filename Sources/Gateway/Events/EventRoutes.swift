import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage

/// Server-sent events (HTML Standard, clause 9.2): browsers are told of changes by an `EventSource`.
extension NGSILDRoutes {
    mutating func addEventRoutes() {
        let listeners = table.lasting.listeners
        add(
            RouteDescription(
                .get,
                "/events",
                .features,
                "Listen to changes of entities (server-sent events)",
                query: [
                    .type, .attrs,
                    QueryParameter("id", "Entity identifiers"),
                    QueryParameter("idPattern", "POSIX regular expression for identifiers"),
                    QueryParameter("q", "Condition on attribute values"),
                    QueryParameter("scopeQ", "Condition on scopes"),
                    QueryParameter(
                        "georel",
                        "near;maxDistance==…, within, contains, intersects, …"
                    ),
                    QueryParameter("geometry", "Type of the reference geometry"),
                    QueryParameter("coordinates", "Coordinates of the reference geometry"),
                    QueryParameter("geoproperty", "GeoProperty tested; location unless named"),
                    QueryParameter("options", "keyValues or concise"),
                    QueryParameter(
                        "subscription",
                        "A subscription of the caller's, in place of the others"
                    ),
                    QueryParameter("once", "Whether to end after what is new now", kind: .boolean),
                    QueryParameter(
                        "lastEventId",
                        "Where to go on (an event's id, or a moment), in place of the header Last-Event-ID"
                    ),
                ],
                answers: EventText.mediaType
            )
        ) { try await $0.answerEvents(listeners) }
    }
}

extension Exchange {
    /// Where the listener goes on; nil for one that begins.
    private func lastEvent() throws(BrokerError) -> NewsPosition? {
        guard let text = request.headers[.lastEventID] ?? items["lastEventId"], !text.isEmpty else {
            return nil
        }
        if let position = hub.reading.position(text, caller: caller) { return position }
        guard let time = Timestamp(text.replacingBlanks) else {
            throw BrokerError(
                .badRequestData,
                "Last-Event-ID '\(text.prefix(60))' is neither the hub's nor a moment such as 2026-01-31T08:00:00Z."
            )
        }
        return NewsPosition(since: time)
    }

    fileprivate func answerEvents(_ listeners: Listeners) async throws -> Response {
        let ld = try await ldContext()
        let (question, writer) = try await newsQuestion(ld)
        let endsAtOnce = try items.flag("once")
        let start: NewsPosition
        if let last = try lastEvent() {
            start = last
        } else {
            start = try await hub.reading.startOfNews(of: question, caller: caller)
        }
        // What is refused is refused before the answer begins.
        let first = try await hub.reading.news(of: question, since: start, caller: caller)
        let place = try listeners.take(for: caller.sharer)
        let stream = EventStream(
            hub: hub,
            question: question,
            caller: caller,
            isStillCaller: context.isStillCaller,
            memory: context.answers,
            writer: writer,
            endsAtOnce: endsAtOnce
        )
        var response = answer(.ok)
        response.headers[.contentType] = EventText.mediaType
        response.headers[.cacheControl] = "no-store"
        let (loop, logger) = (context.loop, context.logger)
        response.body = ResponseBody { body in
            var body = PieceWriter(writer: body, loop: loop)
            do {
                try await stream.run(first.answer, from: start, to: &body)
            } catch {
                logger.debug("a listener ended: \(error)")
                throw error
            }
            withExtendedLifetime(place) {}
            try await body.finish(nil)
        }
        return response
    }

    /// The question of the parameters, or of the subscription that they name.
    private func newsQuestion(_ ld: LDContext) async throws -> (NewsQuestion, EntityWriter) {
        guard let id = try items.text("subscription") else {
            let parameters = parameters(ld)
            guard try parameters.isSelective() else { throw BrokerError.tooWideQuery }
            let question = NewsQuestion(
                condition: try parameters.condition(),
                watched: try items.list("attrs").map { Set($0.map { ld.expand($0) }) }
            )
            return (question, EntityWriter(try parameters.representation(), context: ld))
        }
        guard items["type"] == nil, items["q"] == nil, items["id"] == nil, items["attrs"] == nil
        else {
            throw BrokerError(.badRequestData, "A subscription says itself what it is about.")
        }
        let own = try await hub.subscribing.content(ofSubscription: id, caller: caller)
        let representation = own.notification.representation
        return (
            NewsQuestion(condition: own.target, watched: own.watchedAttributes),
            EntityWriter(representation, context: own.notification.context)
        )
    }
}

/// The places of those who listen, shared out among parties and addresses.
///
/// A listener holds a connection and a few kilobytes for as long as it likes; what is written to it counts among the
/// long answers.
final class Listeners: Sendable {
    private let places = BodyMemory(bytes: Listeners.maximum * BodyMemory.leastBytes)
    /// The most listeners of all parties together.
    static let maximum = 10_000

    func take(for sharer: Sharer) throws(BrokerError) -> BodyMemory.Held? {
        do {
            return try places.take(BodyMemory.leastBytes, for: sharer)
        } catch {
            throw BrokerError(.overloaded, "Too many of yours are listening already.")
        }
    }
}

extension HTTPField.Name {
    /// Where a listener goes on (HTML Standard, clause 9.2.4).
    fileprivate static let lastEventID = known("Last-Event-ID")
}
