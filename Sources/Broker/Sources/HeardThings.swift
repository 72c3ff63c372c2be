import ContextModel
import Storage

/// The things that a source has heard, how often they report, and which of them are silent.
struct HeardThings: Sendable {
    struct Thing: Sendable, Equatable {
        /// When something new was heard of it last, in microseconds since 1970; after a start, the moment of the start.
        var heard: Int64
        /// The moment of its newest reading; what is repeated is no report.
        var newest: Int64
        /// Whether it reported since the start, so that the pause before its next report is known.
        var hasReported = true
    }

    var things: [EntityID: Thing] = [:]
    var silent: Set<EntityID> = []
    /// Things whose marks as silent are being written: they are stored before the marks are, so that a crash in
    /// between leaves no mark that nobody takes away.
    private(set) var marking: Set<EntityID> = []
    /// Silent things that were heard again by another way than a message of the source, and are to be marked.
    var returned: Set<EntityID> = []
    var rhythm = ReportRhythm()
    /// The pauses between two messages of the source itself.
    var messages = ReportRhythm()
    /// When the source got its last message, or was started.
    var lastMessage: Int64?
    /// Whether the stored list is another one.
    var isChanged = false
    /// Whether things were forgotten, so that one that is unknown may be marked as silent.
    private(set) var hasForgotten = false
    /// The intervals as they were stored last.
    private var storedIntervals: [Int?] = []

    /// The number of things of one source that are remembered; the silence of others is not noticed.
    static let maximumThings = 20_000

    /// Whether a report has to mark its thing as heard: again, or for the first time where the interval is told.
    func needsMark(
        _ id: EntityID,
        newest: Timestamp,
        at moment: Timestamp,
        _ interval: ReportInterval
    ) -> Bool {
        guard let thing = things[id] else {
            if case .learned = interval, !hasForgotten { return false }
            return things.count < Self.maximumThings
        }
        return mayBeMarked(id) && thing.heard <= moment.microseconds
            && thing.newest < newest.microseconds
    }

    /// Whether the entity may say that the thing is silent.
    func mayBeMarked(_ id: EntityID) -> Bool { silent.contains(id) || marking.contains(id) }

    /// Notes a report of the thing; an earlier one, which is tried again, or a repeated one says nothing new.
    mutating func hear(_ id: EntityID, newest: Timestamp, at moment: Timestamp) {
        let (newest, moment) = (newest.microseconds, moment.microseconds)
        guard let thing = things[id] else {
            guard things.count < Self.maximumThings else { return }
            things[id] = Thing(heard: moment, newest: newest)
            isChanged = true
            return
        }
        guard thing.heard <= moment, thing.newest < newest else { return }
        if thing.hasReported { rhythm.note(pauseMicroseconds: moment - thing.heard) }
        things[id] = Thing(heard: moment, newest: newest)
        if silent.remove(id) != nil { isChanged = true }
        if marking.remove(id) != nil { isChanged = true }
    }

    /// Counts the time of each thing, and of the source itself, anew: nothing could be heard until now.
    mutating func countAnew(at now: Timestamp) {
        for id in things.keys {
            things[id]?.heard = now.microseconds
            things[id]?.hasReported = false
        }
        lastMessage = now.microseconds
    }

    /// Notes that marks are being written.
    mutating func beginMarks(_ ids: [EntityID]) {
        for id in ids where marking.insert(id).inserted { isChanged = true }
    }

    /// Notes that the entity was marked as silent at this moment.
    mutating func endMark(_ id: EntityID, at moment: Timestamp) {
        guard let thing = things[id] else { return }
        isChanged = true
        marking.remove(id)
        // What reported while the mark was written is not silent, and its entity says so.
        if thing.heard > moment.microseconds { returned.insert(id) } else { silent.insert(id) }
    }

    /// Notes that the entity says again that the thing is not silent.
    mutating func endReturn(_ id: EntityID) {
        if returned.remove(id) != nil { isChanged = true }
    }

    /// Notes that the source got a message.
    mutating func hearSource(at moment: Timestamp) {
        if let last = lastMessage {
            messages.note(pauseMicroseconds: moment.microseconds - last)
        }
        lastMessage = max(lastMessage ?? .min, moment.microseconds)
    }

    mutating func forget(_ id: EntityID) {
        things[id] = nil
        silent.remove(id)
        marking.remove(id)
        returned.remove(id)
        isChanged = true
    }

    /// Forgets all things, which may be about people; what was learned stays.
    mutating func forgetAll() {
        things = [:]
        silent = []
        marking = []
        returned = []
        isChanged = true
        hasForgotten = true
    }

    /// Those that should have reported by now and are not marked yet.
    func overdue(at now: Timestamp, _ interval: ReportInterval) -> [EntityID] {
        guard let seconds = rhythm.limitSeconds(interval) else { return [] }
        let limit = now.microseconds - Int64(seconds) * 1_000_000
        return things.filter { $0.value.heard < limit && !silent.contains($0.key) }.map(\.key)
            .sorted { $0.uri < $1.uri }
    }

    /// Whether the source itself has got nothing for longer than its things may be silent.
    func isSourceSilent(at now: Timestamp, _ interval: ReportInterval) -> Bool {
        guard let lastMessage, let seconds = messages.limitSeconds(interval) else { return false }
        return now.microseconds - lastMessage > Int64(seconds) * 1_000_000
    }

    // MARK: The stored list

    /// The list to store; nil when the one that is stored says the same.
    mutating func takeDocument(of name: SourceName) -> Document? {
        let intervals = [rhythm.intervalSeconds, messages.intervalSeconds]
        guard isChanged || intervals != storedIntervals else { return nil }
        isChanged = false
        storedIntervals = intervals
        return document(of: name)
    }

    func document(of name: SourceName) -> Document {
        let ids = things.keys.sorted { $0.uri < $1.uri }
        func numbers(_ rhythm: ReportRhythm) -> JSONValue {
            .array(rhythm.counts.map { .number(JSONNumber($0)) })
        }
        let body: JSONObject = [
            "heard": .array(ids.map { .string($0.uri) }),
            "newest": .array(
                ids.map { .number(JSONNumber(Int(things[$0]?.newest ?? 0))) }
            ),
            "silent": .array(silent.map { .string($0.uri) }),
            "marking": .array(marking.union(returned).map { .string($0.uri) }),
            "pauses": numbers(rhythm),
            "messagePauses": numbers(messages), "hasForgotten": .bool(hasForgotten),
        ]
        return Document(
            kind: .sourceThings,
            id: name.text,
            body: JSONValue.object(body).serialized,
            owner: name.text
        )
    }

    mutating func load(_ document: Document, at now: Timestamp) {
        guard let json = try? JSONReader.read(document.body).objectValue else { return }
        let ids = json["heard"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let newest = json["newest"]?.arrayValue?.map { $0.numberValue?.intValue } ?? []
        for (index, id) in ids.enumerated() {
            things[EntityID(id)] = Thing(
                heard: now.microseconds,
                newest: index < newest.count ? Int64(newest[index] ?? 0) : 0,
                hasReported: false
            )
        }
        func set(_ name: String) -> Set<EntityID> {
            Set((json[name]?.arrayValue?.compactMap(\.stringValue) ?? []).map(EntityID.init))
        }
        silent = set("silent")
        marking = set("marking")
        hasForgotten = json["hasForgotten"]?.boolValue ?? false
        func counts(_ name: String) -> [Int] {
            json[name]?.arrayValue?.compactMap { $0.numberValue?.intValue } ?? []
        }
        rhythm = ReportRhythm(counts: counts("pauses"))
        messages = ReportRhythm(counts: counts("messagePauses"))
        storedIntervals = [rhythm.intervalSeconds, messages.intervalSeconds]
    }
}
