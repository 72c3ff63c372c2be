import ContextModel
import DequeModule
import Governance
import Storage
import Synchronization

/// What became of one message.
package enum MessageOutcome: Sendable, Equatable {
    /// All of it is on disk.
    case stored(entities: Int)
    /// Its number is known: it changed nothing.
    case repeated
    /// What could be mapped is on disk, and the message is kept with the reasons.
    case refused(reasons: [String])
}

extension Sourcing {
    /// Takes messages of a source: when it returns, what became of them is on disk.
    ///
    /// The messages are mapped, and their entities are written by the party of the source in one
    /// transaction, or in several where they take long. A message with a number that is known
    /// changes nothing. What cannot be mapped or written is kept with its reason. Throws
    /// `BrokerError` or `StorageError` when the hub cannot store anything now: then the sender has
    /// to send all of them again, which is harmless.
    package func receive(
        _ messages: [ReceivedMessage],
        by source: LiveSource
    ) async throws -> [MessageOutcome] {
        guard !source.kept.isPaused else {
            throw BrokerError(.overloaded, "The source '\(source.key.name)' is paused.")
        }
        if source.mapping.isForDevices { return try await receiveForDevices(messages, by: source) }
        return try await take(messages, by: source)
    }

    /// Maps the messages with the source's own map, and writes what they become.
    func take(
        _ messages: [ReceivedMessage],
        by source: LiveSource
    ) async throws -> [MessageOutcome] {
        try await load(source)
        var mapped = await self.mapped(messages, by: source)
        let numbers = mapped.compactMap(\.number)
        try source.history.begin(&mapped)
        defer { source.history.end(numbers) }
        try await write(&mapped, by: source)
        try await keepRefused(mapped, of: source)
        source.history.note(mapped)
        return mapped.map(\.outcome)
    }

    /// Reads what the store has of the source's messages, once.
    func load(_ source: LiveSource) async throws {
        guard !source.history.state.withLock(\.isLoaded) else { return }
        let store = try await access.madeStore(source.key.tenant)
        let owner = source.key.name.text
        let numbers = try await store.documents(.messageNumber, of: owner, offset: 0, limit: .max)
        let refused = try await store.documents(.refusedMessage, of: owner, offset: 0, limit: .max)
        if let document = try await store.document(.sourceThings, id: owner) {
            let now = clock()
            source.history.state.withLock { $0.things.load(document, at: now) }
        }
        source.history.load(
            numbers: numbers.map { String($0.id.dropFirst(owner.utf8.count + 1)) },
            refused: refused
        )
    }

    /// Writes the entities of the messages, and notes the reasons of those that are refused.
    ///
    /// `isRetry` says that newer messages may have come since; `isReport` that things have told something, so that
    /// they are not silent.
    func write(
        _ mapped: inout [Mapped],
        by source: LiveSource,
        isRetry: Bool = false,
        isReport: Bool = true
    ) async throws {
        let isHeard = isReport && source.mapping.reports != .never
        let inputs = try await inputs(of: &mapped, source, isHeard: isHeard)
        guard !inputs.isEmpty else { return }
        let session = try await writing.session(source.key.caller)
        let written = try await session.changeEach(
            inputs,
            id: \.input.id,
            naming: \.input.fragment.attributes.names,
            correctsHistory: true,
            keeping: \.mark
        ) { [now = session.now] element, stored in
            let element = element.besides(stored)
            if isRetry { return try element.retriedChange(stored, at: now) }
            return try element.input.change(stored, at: now)
        }
        if let failure = written.failure { throw failure }
        for (element, result) in zip(inputs, written.results) {
            switch result {
            case .success:
                mapped[element.message].entities.append(element.input.id)
                guard isHeard else { continue }
                source.history.state.withLock {
                    $0.things.hear(
                        element.input.id,
                        newest: element.newest,
                        at: element.receivedAt
                    )
                }
            case .failure(let error):
                mapped[element.message].reasons.append("'\(element.input.id)': \(error.detail)")
            }
        }
    }

    /// The entities of all messages, each with the number of its message.
    private func inputs(
        of mapped: inout [Mapped],
        _ source: LiveSource,
        isHeard: Bool
    ) async throws -> [MappedInput] {
        let now = clock()
        var inputs: [MappedInput] = []
        for index in mapped.indices where !mapped[index].isRepeated {
            var contexts: Set<[UInt8]> = []
            for (place, var json) in mapped[index].content.entities.enumerated() {
                let initial = mapped[index].content.initial[place] ?? []
                let receivedAt = mapped[index].message.receivedAt
                let newest = isHeard ? markHeard(&json, receivedAt, source) : receivedAt
                do throws(BrokerError) {
                    let ld = try await context(
                        of: &json,
                        mapped[index].message,
                        source,
                        beside: &contexts
                    )
                    let input = try BatchInput(json, ld: ld, .readings, at: now)
                    var made = MappedInput(index, input, receivedAt: receivedAt, newest: newest)
                    made.initial = Set(initial.map { LDContext.core.expand($0) })
                    inputs.append(made)
                } catch {
                    mapped[index].reasons.append(error.detail)
                }
            }
            // The number is stored together with the last entity of the message.
            guard let last = inputs.indices.last, inputs[last].message == index,
                let number = mapped[index].number
            else { continue }
            inputs[last].mark = source.history.mark(number, of: source.key.name)
        }
        return inputs
    }

    /// The most `@context`s that one message names: each may have to be fetched.
    private static let maximumContexts = 8

    /// The `@context` by which names of an entity are expanded, which is taken out of it: only entities of
    /// other brokers have another one than the core's.
    private func context(
        of json: inout JSONValue,
        _ message: ReceivedMessage,
        _ source: LiveSource,
        beside others: inout Set<[UInt8]>
    ) async throws(BrokerError) -> LDContext {
        guard case .object(var entity) = json else { return .core }
        let given = entity["@context"] ?? message.context.map { .string($0) }
        guard let given else { return .core }
        entity["@context"] = nil
        json = .object(entity)
        others.insert(given.serialized)
        guard others.count <= Self.maximumContexts else {
            throw BrokerError(
                .badRequestData,
                "The entities of a message have \(Self.maximumContexts) @contexts at most."
            )
        }
        return try await resolver.resolved(given, for: source.key.caller.sharer)
    }

    private static func keep(
        _ mark: KeptNote,
        in transaction: any BookkeepingTransaction
    ) throws { try mark.apply(to: transaction) }

    /// Maps and writes a message once more; returns the reasons why not all of it is stored.
    func rewrite(_ message: ReceivedMessage, by source: LiveSource) async throws -> [String] {
        let (own, message) = devicesGroup(of: message, through: source) ?? (source, message)
        var mapped = [Mapped(message, by: own.mapping)]
        try await write(&mapped, by: own, isRetry: true)
        return mapped[0].reasons
    }

    /// Says in an entity that its thing is not silent, where that may be new; returns the moment of its newest
    /// reading, as far as that is needed.
    private func markHeard(
        _ json: inout JSONValue,
        _ moment: Timestamp,
        _ source: LiveSource
    ) -> Timestamp {
        let reports = source.mapping.reports
        guard let id = json.entityID, case .object(var entity) = json else { return moment }
        let newest = entity.newestReading(at: moment)
        guard entity[Self.silentAttribute] == nil else { return newest }
        let needsMark = source.history.state.withLock {
            $0.things.needsMark(id, newest: newest, at: moment, reports)
        }
        guard needsMark else { return newest }
        entity.members.append((Self.silentAttribute, Self.silence(false, at: moment)))
        json = .object(entity)
        return newest
    }

    /// Keeps the messages that were refused as a whole or in part.
    private func keepRefused(_ mapped: [Mapped], of source: LiveSource) async throws {
        let refused = mapped.filter { !$0.isRepeated && !$0.reasons.isEmpty }
        guard !refused.isEmpty else { return }
        let name = source.key.name
        let change = source.history.add(
            refused.map { ($0.message, $0.reasons) },
            of: name
        )
        let marks = refused.compactMap { message in
            message.number.flatMap { source.history.mark($0, of: name) }
        }
        do {
            try await access.madeStore(source.key.tenant).bookkeep { transaction in
                for document in change.added { try transaction.put(document, isQuiet: true) }
                for id in change.removed {
                    _ = try transaction.removeDocument(.refusedMessage, id: id)
                }
                for mark in marks { try Self.keep(mark, in: transaction) }
            }
        } catch {
            source.history.forget(change)
            throw error
        }
    }
}

/// One message with what became of it.
struct Mapped: Sendable {
    let message: ReceivedMessage
    let content: MappedContent
    var isRepeated = false
    var reasons: [String]
    var entities: [EntityID] = []

    init(_ message: ReceivedMessage, _ content: MappedContent) {
        self.message = message
        self.content = content
        reasons = content.refusals
    }

    init(_ message: ReceivedMessage, by mapping: any MessageMapping) {
        let problem = message.problem.map { MappedContent(entities: [], refusals: [$0]) }
        var message = message
        // A number that is used again need not be kept where readings tell by themselves.
        if mapping.hasOwnTimes, !message.isRepeatedByNumber { message.number = nil }
        self.init(message, problem ?? mapping.map(message))
    }

    /// The number by which a repeated message is known: that of the content, else of the protocol.
    var number: String? {
        let number = content.number.map { "content \($0)" } ?? message.number
        guard let number, number.utf8.count <= SourceHistory.maximumNumberBytes else { return nil }
        return number
    }

    /// Whether a known number means that it is the same message.
    var isKnownByNumber: Bool { content.number != nil || message.isRepeatedByNumber }

    var outcome: MessageOutcome {
        if isRepeated { return .repeated }
        return reasons.isEmpty ? .stored(entities: entities.count) : .refused(reasons: reasons)
    }
}

/// An entity of a message, ready to be written.
struct MappedInput: Sendable {
    var message: Int
    var input: BatchInput
    /// The attributes that are written only where the entity has none of their names.
    var initial: Set<IRI> = []
    var receivedAt: Timestamp
    /// The moment of its newest reading, which is not after its receipt.
    var newest: Timestamp
    var mark: KeptNote?

    init(_ message: Int, _ input: BatchInput, receivedAt: Timestamp, newest: Timestamp) {
        self.message = message
        self.input = input
        self.receivedAt = receivedAt
        self.newest = newest
    }

    /// Without what the stored entity has already and is not to be written again.
    func besides(_ stored: Entity?) -> MappedInput {
        guard !initial.isEmpty, let stored else { return self }
        var rest = self
        rest.input.fragment.attributes.removeAll {
            initial.contains($0.name) && !stored[$0.name].isEmpty
        }
        return rest
    }

    /// The change of the stored entity by a message that is tried again; none where all of it is
    /// there already.
    ///
    /// Throws `conflict` where a reading without a time would take the place of another that came
    /// since.
    func retriedChange(
        _ stored: Entity?,
        at now: Timestamp
    ) throws(BrokerError) -> (EntityChange?, BatchOutcome) {
        var isThere = stored != nil
        for fragment in input.fragment.attributes {
            let present = stored?.attributes.first { $0.name == fragment.name }?.instances ?? []
            for given in fragment.instances {
                let instance = present.first { $0.datasetID == given.datasetID }
                let isSame = given.observedAt == nil && instance?.value == given.value
                isThere = isThere && isSame
                guard given.observedAt == nil, !isSame, let changedAt = instance?.modifiedAt,
                    changedAt > receivedAt
                else { continue }
                let name = LDContext.core.compact(fragment.name)
                throw BrokerError(
                    .conflict,
                    "'\(name)' has changed since, and the message has no time of its own."
                )
            }
        }
        if isThere { return (nil, BatchOutcome(isNew: false)) }
        return try input.change(stored, at: now)
    }
}

extension JSONObject {
    /// The moment of the newest reading of an entity, which is not after its receipt; that of the receipt where no
    /// reading has one.
    fileprivate func newestReading(at receipt: Timestamp) -> Timestamp {
        let observed = members.compactMap { member in
            member.value.objectValue?["observedAt"]?.stringValue.flatMap { Timestamp($0) }
        }
        return observed.max().map { min($0, receipt) } ?? receipt
    }
}

extension SourceHistory {
    /// Marks messages whose numbers are known, and notes the numbers that are on their way.
    func begin(_ mapped: inout [Mapped]) throws(BrokerError) {
        try state.withLock { (state) throws(BrokerError) in
            var own: Set<String> = []
            for index in mapped.indices {
                guard let number = mapped[index].number else { continue }
                guard mapped[index].isKnownByNumber else {
                    own.insert(number)
                    continue
                }
                if state.known.contains(number) || own.contains(number) {
                    mapped[index].isRepeated = true
                } else if state.underway.contains(number) {
                    throw BrokerError(
                        .conflict,
                        "A message with this number is being stored; send it again in a moment."
                    )
                }
                own.insert(number)
            }
            state.underway.formUnion(own)
        }
    }

    func end(_ numbers: [String]) {
        state.withLock { $0.underway.subtract(numbers) }
    }

    /// The document with which a number is kept, and the oldest one, whose place it takes.
    func mark(_ number: String, of name: SourceName) -> KeptNote {
        let document = Document(
            kind: .messageNumber,
            id: "\(name.text)/\(number)",
            body: Array("{}".utf8),
            owner: name.text
        )
        let oldest = state.withLock { state -> String? in
            guard state.numbers.count >= Self.maximumNumbers,
                let oldest = state.numbers.popFirst()
            else { return nil }
            state.known.remove(oldest)
            return oldest
        }
        return KeptNote(document, removing: oldest.map { "\(name.text)/\($0)" })
    }

    /// Reads what the store has.
    func load(numbers: [String], refused: [Document]) {
        state.withLock { state in
            guard !state.isLoaded else { return }
            state.isLoaded = true
            for number in numbers {
                state.numbers.append(number)
                state.known.insert(number)
            }
            for document in refused {
                state.refused.append((document.id, document.body.count))
                state.refusedBytes += document.body.count
                let number = RefusedMessage(document)?.place ?? 0
                state.lastRefusedNumber = max(state.lastRefusedNumber, number)
            }
        }
    }

    /// Counts what became of messages that are on disk.
    func note(_ mapped: [Mapped]) {
        state.withLock { state in
            for message in mapped {
                state.figures.messages += 1
                state.things.hearSource(at: message.message.receivedAt)
                state.figures.entities += message.entities.count
                if message.isRepeated { state.figures.repeated += 1 }
                if !message.isRepeated, !message.reasons.isEmpty {
                    state.figures.refused += 1
                    state.figures.lastRefusal = message.reasons[0]
                    state.figures.lastRefusedAt = message.message.receivedAt
                }
                if !message.isRepeated, let number = message.number,
                    state.known.insert(number).inserted
                {
                    state.numbers.append(number)
                }
            }
            if let last = mapped.last(where: { !$0.isRepeated }) {
                state.figures.last = .init(last)
            }
        }
    }
}

extension SourceFigures.LastMessage {
    /// The bytes of a message, and its entities, that are shown at most.
    private static let maximumBytes = 1_000
    private static let maximumEntities = 20

    init(_ mapped: Mapped) {
        let text = String(decoding: mapped.message.body.prefix(Self.maximumBytes), as: UTF8.self)
        self.init(
            receivedAt: mapped.message.receivedAt,
            topic: mapped.message.topic,
            beginning: mapped.message.body.count > Self.maximumBytes ? text + "…" : text,
            entities: Array(mapped.entities.prefix(Self.maximumEntities)),
            refusals: mapped.reasons
        )
    }
}
