import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Storage

/// Server-sent events (HTML Standard, clause 9.2): browsers are told of changes by an `EventSource`.
extension NGSILDRoutes {
    mutating func addEventRoutes() {
        let listeners = Listeners()
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
                        "Where to go on, in place of the header Last-Event-ID"
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
        guard let position = NewsPosition(text) else {
            throw BrokerError(
                .badRequestData,
                "Last-Event-ID '\(text.prefix(60))' is not the hub's."
            )
        }
        return position
    }

    fileprivate func answerEvents(_ listeners: Listeners) async throws -> Response {
        let ld = try await ldContext()
        let (question, writer) = try await newsQuestion(ld)
        let endsAtOnce = try items.flag("once")
        var position: NewsPosition
        if let last = try lastEvent() {
            position = last
        } else {
            position = try await hub.reading.startOfNews(of: question, caller: caller)
        }
        // What is refused is refused before the answer begins.
        let first = try await hub.reading.news(of: question, since: position, caller: caller)
        position = first.position
        let place = try listeners.take(for: caller.sharer)
        let stream = EventStream(
            hub: hub,
            question: question,
            caller: caller,
            writer: writer,
            endsAtOnce: endsAtOnce
        )
        var response = answer(.ok)
        response.headers[.contentType] = EventText.mediaType
        response.headers[.cacheControl] = "no-store"
        let (loop, logger) = (context.loop, context.logger)
        response.body = ResponseBody { [position] body in
            var body = PieceWriter(writer: body, loop: loop)
            do {
                try await stream.run(first.answer, from: position, to: &body)
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
/// A listener holds a connection and a few kilobytes for as long as it likes.
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

/// Tells one listener what is new, as long as it stays.
struct EventStream: Sendable {
    /// The pause between two looks: changes within it are told together.
    private static let pause = Duration.milliseconds(250)
    /// A line that says nothing, so that proxies keep the connection and a client that has gone is noticed.
    private static let quietPauses = 60

    let hub: Hub
    let question: NewsQuestion
    let caller: Caller
    let writer: EntityWriter
    /// Whether it ends after what is new at the beginning.
    let endsAtOnce: Bool

    /// Returns when the hub stops, or the caller may not read any more; throws when the client has gone.
    func run(
        _ first: News,
        from position: NewsPosition,
        to body: inout PieceWriter
    ) async throws {
        var (position, quiet, news) = (position, 0, first)
        try await body.write(ByteBuffer(bytes: EventText.opening))
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            if !news.entities.isEmpty {
                quiet = 0
                try await body.write(ByteBuffer(bytes: EventText.events(news, writer)))
            } else if quiet == Self.quietPauses {
                quiet = 0
                try await body.write(ByteBuffer(bytes: EventText.silence))
            }
            if !news.hasMore {
                if endsAtOnce { return }
                quiet += 1
                try await hub.clock.sleep(for: Self.pause)
            }
            do {
                news = try await hub.reading.news(of: question, since: position, caller: caller)
                    .answer
            } catch is BrokerError {
                // Whoever has lost the right hears nothing more, and is told why when it comes back.
                return
            }
            position = news.position
        }
    }
}

/// The text of events.
enum EventText {
    static let mediaType = "text/event-stream"
    /// The time in milliseconds after which a browser comes back.
    static let opening = Array("retry: 3000\n\n".utf8)
    static let silence = Array(":\n\n".utf8)

    /// An event for each entity; the last has the identifier from which the listener goes on.
    static func events(_ news: News, _ writer: EntityWriter) -> [UInt8] {
        var bytes: [UInt8] = []
        for (place, entity) in news.entities.enumerated() {
            if place == news.entities.count - 1 {
                bytes += Array("id: \(news.position.text)\n".utf8)
            }
            bytes += Array("event: entity\ndata: ".utf8)
            var json = JSONWriter()
            writer.write(entity, to: &json)
            bytes += json.bytes
            bytes += Array("\n\n".utf8)
        }
        return bytes
    }
}

extension HTTPField.Name {
    /// Where a listener goes on (HTML Standard, clause 9.2.4).
    fileprivate static let lastEventID = known("Last-Event-ID")
}
