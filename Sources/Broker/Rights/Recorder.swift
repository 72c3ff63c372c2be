import ContextModel
import Governance
package import Record
import Synchronization

/// The public record as the hub uses it: decisions about people's data are in it before an answer leaves,
/// and changes of rights before they are acknowledged.
package final class Recorder: Sendable {
    private let record: (any PublicRecord)?
    private let clock: HubClock
    /// How many entries there were when changes began that are not in force yet, and how many began then.
    private let pending = Mutex<[Int: Int]>([:])

    /// Why no entry is added any more, if so.
    private let refusal = Mutex<String?>(nil)

    /// Without a record nothing about people is answered, and no rights are changed.
    init(_ record: (any PublicRecord)?, _ clock: HubClock) {
        self.record = record
        self.clock = clock
    }

    /// How many entries are in force: what all entries with a smaller number say is heeded by a decision
    /// that is made from now on.
    var state: Int {
        // The pending ones first: what begins meanwhile has a higher number than the size read then.
        pending.withLock { pending in pending.keys.min() ?? record?.size ?? 0 }
    }

    var now: Timestamp { clock() }

    /// Adds no entry from now on, so that nothing about people is answered or changed.
    func refuseAll(because reason: String) { refusal.withLock { $0 = reason } }

    /// Adds an entry, and returns its number when it is on disk.
    ///
    /// Throws `BrokerError` when the record cannot be written, and so nothing about people may leave.
    @discardableResult
    func append(
        _ kind: EntryKind,
        state: Int,
        details: JSONObject = JSONObject(),
        openings: [Opening] = []
    ) async throws(BrokerError) -> Int {
        if let refusal = refusal.withLock({ $0 }) { throw Self.unavailable(refusal) }
        guard let record else { throw Self.unavailable("there is none") }
        let draft = RecordDraft(
            kind,
            time: clock(),
            state: state,
            details: details,
            openings: openings
        )
        do { return try await record.append(draft) } catch { throw Self.unavailable("\(error)") }
    }

    /// Makes a change of rights that its entry tells of: the entry is on disk first.
    ///
    /// `body` gets the number of the entry. An entry whose change then fails stays in the record: it says what
    /// was decided, and the next entry of the kind what holds.
    func change<Answer>(
        _ kind: EntryKind,
        details: JSONObject = JSONObject(),
        openings: [Opening] = [],
        _ body: (Int) async throws -> Answer
    ) async throws -> Answer {
        let size = pending.withLock { pending in
            let size = record?.size ?? 0
            pending[size, default: 0] += 1
            return size
        }
        defer {
            pending.withLock { pending in
                let left = (pending[size] ?? 0) - 1
                pending[size] = left > 0 ? left : nil
            }
        }
        return try await body(
            append(kind, state: state, details: details, openings: openings)
        )
    }

    /// The number of the newest entry of a policy or a classification; nil when the newest 65,536 entries have none.
    func newestChange() async throws(BrokerError) -> Int? {
        guard let record else { return nil }
        var end = record.size
        let least = max(0, end - RecordCheck.entriesAtOpening)
        while end > least {
            let start = max(least, end - 1_024)
            do {
                let entries = try await record.entries(start..<end)
                if let place = try entries.lastIndex(where: Self.isOfChange) {
                    return start + place
                }
            } catch { throw Self.unavailable("\(error)") }
            end = start
        }
        return nil
    }

    /// Kinds of entries that say what may be done with data, or cross a border.
    static let rules: [EntryKind] = [.classification, .policy, .override, .exemption]

    private static func isOfChange(_ entry: [UInt8]) throws -> Bool {
        rules.contains(try RecordEntry(entry).kind)
    }

    /// What entries say of a person, the newest entry first.
    func openings(_ query: OpeningQuery) async throws(BrokerError) -> [KeptOpening] {
        guard let record else { throw Self.unavailable("there is none") }
        do { return try await record.openings(query) } catch { throw Self.unavailable("\(error)") }
    }

    /// How many entries are on disk; 0 without a record.
    var size: Int { record?.size ?? 0 }

    /// The bytes of an entry; nil when there is none with this number.
    ///
    /// Throws `BrokerError` when the record cannot be read.
    func entry(_ number: Int) async throws(BrokerError) -> [UInt8]? {
        guard let record, number < record.size else { return nil }
        do { return try await record.entries(number..<number + 1).first } catch {
            throw Self.unavailable("\(error)")
        }
    }

    /// Gives the body the entries of these kinds from a number on, with their numbers, in portions.
    ///
    /// Lines of other kinds are not read but for their beginning: most entries are of reads.
    func entries(
        of kinds: [EntryKind],
        from start: Int,
        _ body: ([(number: Int, entry: RecordEntry)]) async throws -> Void
    ) async throws {
        guard let record else { return }
        let (beginnings, end) = (kinds.map(\.beginning), record.size)
        var start = start
        while start < end {
            let numbers = start..<min(end, start + Self.portion)
            let lines: [[UInt8]]
            do { lines = try await record.entries(numbers) } catch {
                throw Self.unavailable("\(error)")
            }
            let found = try lines.enumerated()
                .filter { line in beginnings.contains { line.element.starts(with: $0) } }
                .map { (numbers.lowerBound + $0.offset, try RecordEntry($0.element)) }
            if !found.isEmpty { try await body(found) }
            start = numbers.upperBound
        }
    }

    /// Entries that are looked at in one go.
    private static let portion = 1_024

    /// What an entry says of all its persons.
    func openings(of entry: Int) async throws(BrokerError) -> [Opening] {
        guard let record else { throw Self.unavailable("there is none") }
        do {
            return try await record.openings(of: entry).map { try Opening($0.bytes) }
        } catch { throw Self.unavailable("\(error)") }
    }

    /// Removes what entries of reads say of a person; how many there were.
    func removeReads(of subject: String, tenant: String?) async throws(BrokerError) -> Int {
        guard let record else { throw Self.unavailable("there is none") }
        do { return try await record.removeReads(of: subject, tenant: tenant) } catch {
            throw Self.unavailable("\(error)")
        }
    }

    private static func unavailable(_ note: String) -> BrokerError {
        BrokerError(
            .recordUnavailable,
            "The public record cannot be written, and without it nothing about people is answered or "
                + "changed. Public data is answered as ever.",
            note: note
        )
    }
}

/// What the hub needs of the public record.
package protocol PublicRecord: Sendable {
    /// How many entries are on disk.
    var size: Int { get }

    /// Adds an entry, and returns its number when it is on disk; throws `RecordError` when it is not.
    func append(_ draft: RecordDraft) async throws -> Int

    /// The bytes of the entries with these numbers; throws `RecordError`.
    func entries(_ numbers: Range<Int>) async throws -> [[UInt8]]

    /// What entries say of a person, the newest entry first; throws `RecordError`.
    func openings(_ query: OpeningQuery) async throws -> [KeptOpening]

    /// What an entry says of all its persons; throws `RecordError`.
    func openings(of entry: Int) async throws -> [KeptOpening]

    /// Removes what entries of reads say of a person, and returns how many there were; throws `RecordError`.
    func removeReads(of subject: String, tenant: String?) async throws -> Int
}

extension RecordWriter: PublicRecord {}

/// What a session says of itself when what it read leaves the hub.
struct SessionRecord: Sendable {
    let recorder: Recorder
    private let caller: Caller
    /// How many entries of the record were in force when the decision was made.
    let state: Int

    init(_ recorder: Recorder, of caller: Caller) {
        self.recorder = recorder
        self.caller = caller
        state = recorder.state
    }

    // Made when there is something to note, for most answers are about nobody.
    var party: String { caller.recordedParty ?? PartyID("anonymous").uri }
    var purpose: String? { caller.purpose?.text }
    var tenant: String? { caller.tenant.origin?.text }

    /// Notes whom the answer tells of, and waits until that is on disk.
    ///
    /// Throws when somebody has objected since the decision, or the record cannot be written.
    func note(_ answer: some Disclosable, _ notes: DisclosureNotes) async throws {
        guard !notes.isEmpty else { return }
        try requireStillAllowed(notes)
        var openings: [ExactText: Opening] = [:]
        let (now, party) = (recorder.now, party)
        try answer.forEachDisclosure { id, names in
            guard let note = notes[id] else { return }
            for subject in note.subjects {
                let new = Opening(
                    subject: subject,
                    tenant: tenant,
                    party: party,
                    purpose: purpose,
                    rule: note.rule,
                    time: now
                )
                openings[ExactText(subject), default: new].add(id, names)
            }
        }
        try await recorder.append(.read, state: state, openings: Array(openings.values))
        // A disk may take long: who objected meanwhile has an entry of an answer that nobody gets.
        try requireStillAllowed(notes)
    }

    private func requireStillAllowed(_ notes: DisclosureNotes) throws(BrokerError) {
        guard notes.areStillAllowed else {
            throw BrokerError(
                .conflict,
                "What people allow has changed while this was read. Ask again."
            )
        }
    }
}

extension Opening {
    /// Adds an entity that was told of, with the names of its attributes.
    mutating func add(_ id: EntityID, _ names: [IRI]) {
        let isFirst = entities.isEmpty
        entities.append(id.uri)
        // An entity has each name once.
        if isFirst { return attributes = names.map(\.text) }
        for name in names where !attributes.contains(name.text) { attributes.append(name.text) }
    }
}
