import Broker
import ContextModel
import Governance
import Hummingbird
import NIOCore
import ServiceLifecycle
import Storage

/// Tells one listener what is new, as long as it stays and may hear it.
///
/// What is told was read a moment ago: who asks is found out anew for each look, and what a slow client has not taken
/// within half a second is read again.
struct EventStream: Sendable {
    /// The pause between two looks: changes within it are told together.
    private static let pause = Duration.milliseconds(250)
    /// A line that says nothing, so that proxies keep the connection and a client that has gone is noticed.
    private static let quietPauses = 60
    /// When the writes of what was read together take longer than this, what is left is read again, with the rights
    /// of then.
    private static let longWrite = Duration.milliseconds(500)
    /// The bytes that are written together.
    private static let pieceBytes = 32 * 1_024

    let hub: Hub
    let question: NewsQuestion
    let caller: Caller
    /// Whether the request would still have the same caller; nil where nobody is identified.
    let isStillCaller: (@Sendable () async -> Bool)?
    /// The memory of answers in progress, which batches take theirs from.
    let memory: BodyMemory?
    let writer: EntityWriter
    /// Whether it ends after what is new at the beginning.
    let endsAtOnce: Bool

    /// What was told of the batch that is under way.
    private struct Told {
        /// The last change of each entity.
        var changes: [EntityID: Timestamp?] = [:]
        var ended: Set<EntityID> = []
        var isReset = false
    }

    /// Returns when the hub stops, when the caller may not read any more or is not known any more, and where there is
    /// no memory for what is new; throws when the client has gone.
    func run(
        _ first: News,
        from start: NewsPosition,
        to body: inout some ResponseBodyWriter
    ) async throws {
        var (position, news, told, quiet) = (start, first, Told(), 0)
        try await body.write(ByteBuffer(bytes: EventText.opening(try text(of: start))))
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            if news.isEmpty, quiet >= Self.quietPauses {
                quiet = 0
                try await body.write(ByteBuffer(bytes: EventText.silence))
            }
            quiet = news.isEmpty ? quiet + 1 : 0
            do {
                let isWhole = try await write(news, &told, to: &body)
                if isWhole {
                    (position, told) = (news.position, Told())
                    if !news.hasMore {
                        if endsAtOnce { return }
                        try await hub.clock.sleep(for: Self.pause)
                    }
                }
                guard let next = try await look(from: position) else { return }
                news = next
            } catch let error as BrokerError
                where error.code == .overloaded || error.code == .tooManyResults
            {
                // It comes back later, to where it was.
                return
            }
        }
    }

    /// What is new now; nil when the listener hears nothing more, and is told why when it comes back.
    private func look(from position: NewsPosition) async throws -> News? {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            if let isStillCaller, await !isStillCaller() { return nil }
            do {
                return try await hub.reading.news(of: question, since: position, caller: caller)
                    .answer
            } catch let error as BrokerError where error.code == .conflict {
                // Rights changed while it was read.
                try await hub.clock.sleep(for: Self.pause)
            } catch is BrokerError {
                return nil
            }
        }
        return nil
    }

    /// The events of what was not told yet, each with a note that it was.
    private func events(
        of news: News,
        _ told: Told
    ) -> [(bytes: [UInt8], note: (inout Told) -> Void)] {
        var events: [(bytes: [UInt8], note: (inout Told) -> Void)] = []
        if news.mayMissEnds, !told.isReset {
            events.append((EventText.reset, { $0.isReset = true }))
        }
        for entity in news.entities where told.changes[entity.id] != .some(entity.modifiedAt) {
            events.append(
                (EventText.event(entity, writer), { $0.changes[entity.id] = entity.modifiedAt })
            )
        }
        for id in news.ended where !told.ended.contains(id) {
            events.append((EventText.end(of: id), { $0.ended.insert(id) }))
        }
        return events
    }

    /// Writes the events that were not told yet; false when the client was slow, and the rest has to be read again.
    ///
    /// Throws `overloaded` or `tooManyResults` when the listener's share of the memory is used up.
    private func write(
        _ news: News,
        _ told: inout Told,
        to body: inout some ResponseBodyWriter
    ) async throws -> Bool {
        let events = events(of: news, told)
        let bytes = events.reduce(0) { $0 + $1.bytes.count }
        let held = try memory?.take(bytes, times: 2, for: caller.sharer)
        defer { withExtendedLifetime(held) {} }
        var piece: [UInt8] = []
        let start = ContinuousClock.now
        for (index, event) in events.enumerated() {
            let isLast = index == events.count - 1
            if isLast { piece += EventText.identifier(try text(of: news.position)) }
            piece += event.bytes
            event.note(&told)
            guard isLast || piece.count >= Self.pieceBytes else { continue }
            try await body.write(ByteBuffer(bytes: piece))
            piece = []
            if !isLast, start.duration(to: .now) > Self.longWrite { return false }
        }
        return true
    }

    private func text(of position: NewsPosition) throws -> String {
        try hub.reading.text(of: position, caller: caller)
    }
}

extension News {
    fileprivate var isEmpty: Bool { entities.isEmpty && ended.isEmpty && !mayMissEnds }
}

/// The text of events (HTML Standard, clause 9.2.5).
enum EventText {
    static let mediaType = "text/event-stream"
    static let silence = Array(":\n\n".utf8)

    /// The time in milliseconds after which a browser comes back, and where it then goes on, also when it has heard
    /// nothing.
    static func opening(_ identifier: String) -> [UInt8] {
        Array("retry: 3000\nid: \(identifier)\n\n".utf8)
    }

    /// The line from which the listener goes on, before the last event of those that are told together.
    static func identifier(_ text: String) -> [UInt8] { Array("id: \(text)\n".utf8) }

    /// The event of an entity.
    static func event(_ entity: Entity, _ writer: EntityWriter) -> [UInt8] {
        var json = JSONWriter()
        writer.write(entity, to: &json)
        return Array("event: entity\ndata: ".utf8) + json.bytes + Array("\n\n".utf8)
    }

    /// The event of an entity that was deleted, or does not meet the question any more.
    static func end(of id: EntityID) -> [UInt8] {
        let data = JSONValue.object(["id": .string(id.uri)]).text
        return Array("event: end\ndata: \(data)\n\n".utf8)
    }

    /// The event of a listener that may have missed ends, and has to ask anew for what there is.
    static let reset = Array("event: reset\ndata: {}\n\n".utf8)
}
