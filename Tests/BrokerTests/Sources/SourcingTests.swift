import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

/// Definitions of the test: `TYPE`, of messages whose lines are `ID VALUE [MOMENT]`; `-` is no
/// moment.
struct LineSources: SourceReading {
    func read(_ definition: String, of name: SourceName) throws(BrokerError) -> any MessageMapping {
        guard !definition.isEmpty else { throw BrokerError(.badRequestData, "It is empty.") }
        if definition.hasPrefix("watch ") {
            return LineMapping(type: String(definition.dropFirst(6)), isWatch: true)
        }
        return LineMapping(type: definition)
    }
}

private struct LineMapping: MessageMapping {
    let type: String
    /// One is for the messages of devices.
    var types: [String] { isForDevices ? [] : [type] }
    var isForDevices: Bool { type == "devices" }
    let about: String? = nil
    let way = "test"
    /// Springs report each minute, and how often lamps do is learned; `watch TYPE` hears what others write.
    var reports: ReportInterval {
        switch type {
        case "Spring": .told(seconds: 60)
        case "Lamp": .learned
        default: .never
        }
    }
    var isWatch = false
    let hasOwnTimes = false
    var definition: any Sendable { type }

    func map(_ message: ReceivedMessage) -> MappedContent {
        var content = MappedContent(entities: [], refusals: [])
        guard !isForDevices else {
            content.refusals.append("There is no such group.")
            return content
        }
        for line in String(decoding: message.body, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count > 1, let value = JSONNumber(parts[1]) else {
                content.refusals.append("`\(line.prefix(20))` is no reading.")
                continue
            }
            let moment = parts.count > 2 ? parts[2] : message.receivedAt.text
            var level: JSONObject = ["type": "Property", "value": .number(value)]
            if moment != "-" { level["observedAt"] = .string(moment) }
            content.entities.append([
                "id": .string(parts[0]), "type": .string(parts.count > 3 ? parts[3] : type),
                "level": .object(level),
            ])
        }
        return content
    }
}

@Suite struct SourcingTests {
    private static let boss = SubscriptionFixture.boss
    private static let name = [SourceName("wells")].compactMap(\.self)[0]
    private static let now = Timestamp(microseconds: 1_777_622_400_000_000)

    private func withWells(
        memory: SharedMemory = SharedMemory(),
        onDisk: Bool = false,
        _ body: (SubscriptionFixture, LiveSource) async throws -> Void
    ) async throws {
        let fixture = try await SubscriptionFixture(
            policy: Policy(permissions: []),
            onDisk: onDisk,
            memory: memory,
            record: RecordDouble(),
            sources: LineSources()
        )
        #expect(try await fixture.hub.sourcing.put(Self.name, "Well", caller: Self.boss))
        let source = try #require(fixture.hub.sourcing.source(SourceKey(nil, Self.name)))
        try await body(fixture, source)
    }

    private func message(
        _ text: String,
        number: String? = nil,
        after seconds: Int64 = 0
    ) -> ReceivedMessage {
        ReceivedMessage(
            Array(text.utf8),
            number: number,
            receivedAt: Timestamp(microseconds: Self.now.microseconds + seconds * 1_000_000)
        )
    }

    @Test(arguments: [false, true])
    func `a message becomes entities, and what is refused of it is kept`(onDisk: Bool) async throws
    {
        try await withWells(onDisk: onDisk) { fixture, source in
            let sourcing = fixture.hub.sourcing
            let outcomes = try await sourcing.receive(
                [message("urn:x:a 1\nurn:x:b 2"), message("urn:x:c 3\nnonsense"), message("")],
                by: source
            )
            #expect(
                outcomes == [
                    .stored(entities: 2), .refused(reasons: ["`nonsense` is no reading."]),
                    .stored(entities: 0),
                ]
            )
            #expect(try await value("level", of: "urn:x:b", at: fixture) == 2)
            #expect(try await value("level", of: "urn:x:c", at: fixture) == 3)
            let kept = try await sourcing.refusedMessages(
                of: Self.name,
                limit: 9,
                caller: Self.boss
            )
            #expect(kept.messages.map(\.id) == ["wells/1"])
            #expect(kept.messages[0].message.body == Array("urn:x:c 3\nnonsense".utf8))
        }
    }

    @Test func `a source writes the type of its map alone`() async throws {
        try await withWells { fixture, source in
            try await fixture.make(["id": "urn:x:tree", "type": "Tree", "level": 1])
            let outcomes = try await fixture.hub.sourcing.receive(
                [
                    message("urn:x:tree 9 2026-05-01T08:00:00Z Tree"),
                    message("urn:x:new 9 2026-05-01T08:00:00Z Tree"), message("urn:x:tree 9"),
                ],
                by: source
            )
            for outcome in outcomes {
                guard case .refused = outcome else {
                    Issue.record("what the source may not write is refused: \(outcome)")
                    return
                }
            }
            #expect(try await value("level", of: "urn:x:tree", at: fixture) == 1)
            #expect(try await fixture.past("level", of: "urn:x:tree") == [1])
            // Nor may it read anything.
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                _ = try await fixture.hub.reading.retrieveEntity(
                    EntityID("urn:x:tree"),
                    caller: source.key.caller
                )
            }
        }
    }

    @Test func `a repeated message changes nothing, also after a new start`() async throws {
        let memory = SharedMemory()
        try await withWells(memory: memory) { fixture, source in
            let sourcing = fixture.hub.sourcing
            let first = message("urn:x:a 1", number: "n1")
            #expect(try await sourcing.receive([first], by: source) == [.stored(entities: 1)])
            // Another value in between: the repeated one must not come back.
            _ = try await sourcing.receive(
                [message("urn:x:a 2", number: "n2", after: 1)],
                by: source
            )
            let again = message("urn:x:a 1", number: "n1", after: 2)
            #expect(
                try await sourcing.receive([again, again], by: source) == [.repeated, .repeated]
            )
            #expect(try await fixture.past("level", of: "urn:x:a") == [1, 2])
        }
        // The next process of the same store.
        let next = try await SubscriptionFixture(
            policy: Policy(permissions: []),
            memory: memory,
            record: RecordDouble(),
            sources: LineSources()
        )
        try await next.hub.sourcing.loadSources()
        let source = try #require(next.hub.sourcing.source(SourceKey(nil, Self.name)))
        let again = message("urn:x:a 1", number: "n1", after: 3)
        #expect(try await next.hub.sourcing.receive([again], by: source) == [.repeated])
        #expect(try await next.past("level", of: "urn:x:a") == [1, 2])
    }

    @Test func `numbers that are used again count where the protocol says so`() async throws {
        try await withWells { fixture, source in
            var first = message("urn:x:a 1", number: "7")
            first.isRepeatedByNumber = false
            var later = first
            later.receivedAt = Timestamp(microseconds: first.receivedAt.microseconds + 1_000_000)
            let sourcing = fixture.hub.sourcing
            for one in [first, later] {
                let outcomes = try await sourcing.receive([one], by: source)
                #expect(outcomes == [.stored(entities: 1)])
            }
            later.isRepeatedByNumber = true
            #expect(try await sourcing.receive([later], by: source) == [.repeated])
        }
    }

    @Test func `a refused message is stored when the map is mended, as of its receipt`()
        async throws
    {
        try await withWells { fixture, source in
            let sourcing = fixture.hub.sourcing
            // The entity has another type than the map says.
            _ = try await sourcing.receive(
                [message("urn:x:p 5 \(Self.now.text) Pump"), message("bad")],
                by: source
            )
            try await expectRetry(0, 2, by: sourcing)
            #expect(try await !sourcing.put(Self.name, "Pump", caller: Self.boss))
            try await expectRetry(1, 1, by: sourcing)
            #expect(try await value("level", of: "urn:x:p", at: fixture) == 5)
            #expect(try await sourcing.dropRefused(of: Self.name, caller: Self.boss) == 1)
            try await expectRetry(0, 0, by: sourcing)
        }
    }

    /// The value of the attribute, as the operator sees it.
    private func value(
        _ name: String,
        of id: String,
        at fixture: SubscriptionFixture
    ) async throws -> JSONValue? {
        try await fixture.shown(id).objectValue?[name]
    }

    private func expectRetry(_ stored: Int, _ refused: Int, by sourcing: Sourcing) async throws {
        let result = try await sourcing.retryRefused(of: Self.name, caller: Self.boss)
        #expect(result.stored == stored && result.refused == refused)
    }

    @Test func `refused messages are kept up to a number and a size`() async throws {
        try await withWells { fixture, source in
            let sourcing = fixture.hub.sourcing
            let many = (1...SourceHistory.maximumRefused + 5).map { message("bad \($0)x") }
            _ = try await sourcing.receive(many, by: source)
            var kept = try await sourcing.refusedMessages(
                of: Self.name,
                limit: .max,
                caller: Self.boss
            )
            #expect(kept.messages.count == SourceHistory.maximumRefused)
            #expect(kept.messages[0].id == "wells/6")
            let long = message(String(repeating: "x", count: SourceHistory.maximumRefusedBytes / 4))
            for _ in 0..<5 { _ = try await sourcing.receive([long], by: source) }
            kept = try await sourcing.refusedMessages(of: Self.name, limit: .max, caller: Self.boss)
            #expect(kept.messages.count == 3)
            let (figures, count) = sourcing.figures(of: source)
            #expect(count == 3 && figures.refused == SourceHistory.maximumRefused + 10)
            #expect(figures.dropped == figures.refused - 3)
        }
    }

    @Test func `numbers are kept up to a limit`() async throws {
        try await withWells { fixture, source in
            let sourcing = fixture.hub.sourcing
            let most = SourceHistory.maximumNumbers
            let all = (1...most + 10).map {
                message("urn:x:a \($0)", number: "n\($0)", after: Int64($0))
            }
            _ = try await sourcing.receive(all, by: source)
            _ = try await sourcing.receive(
                [message("urn:x:a 0", number: "last", after: Int64(most + 20))],
                by: source
            )
            let store = try #require(try await fixture.store.tenant(nil))
            #expect(try await store.documentCount(.messageNumber) <= most + 10)
            let last = message("urn:x:a 0", number: "n\(most + 10)", after: Int64(most + 30))
            #expect(try await sourcing.receive([last], by: source) == [.repeated])
        }
    }

    @Test func `a paused source takes nothing, and a removed one leaves no right`() async throws {
        try await withWells { fixture, source in
            let sourcing = fixture.hub.sourcing
            try await sourcing.setPaused(Self.name, true, caller: Self.boss)
            let paused = try #require(sourcing.source(source.key))
            await #expect(throws: BrokerError(.overloaded, "")) {
                _ = try await sourcing.receive([message("urn:x:a 1")], by: paused)
            }
            try await sourcing.setPaused(Self.name, false, caller: Self.boss)
            _ = try await sourcing.receive([message("urn:x:a 1"), message("bad")], by: source)
            try await sourcing.delete(Self.name, caller: Self.boss)
            #expect(sourcing.source(source.key) == nil)
            await #expect(throws: BrokerError(.forbidden, "")) {
                _ = try await sourcing.receive([message("urn:x:a 2")], by: source)
            }
            let store = try #require(try await fixture.store.tenant(nil))
            #expect(try await store.documentCount(.refusedMessage) == 0)
            #expect(try await value("level", of: "urn:x:a", at: fixture) == 1)
        }
    }

    @Test func `nobody but the operator makes or sees sources`() async throws {
        try await withWells { fixture, source in
            let sourcing = fixture.hub.sourcing
            for caller in [
                SubscriptionFixture.driver, source.key.caller, Caller(party: .anonymous),
            ] {
                await #expect(throws: BrokerError.self) {
                    _ = try await sourcing.put(Self.name, "Tree", caller: caller)
                }
                #expect(throws: BrokerError.self) { try sourcing.sources(caller: caller) }
                await #expect(throws: BrokerError.self) {
                    try await sourcing.delete(Self.name, caller: caller)
                }
                await #expect(throws: BrokerError.self) {
                    _ = try await sourcing.refusedMessages(of: Self.name, limit: 1, caller: caller)
                }
            }
        }
    }

    @Test func `a source of a file changes with the file alone`() async throws {
        try await withWells { fixture, _ in
            let sourcing = fixture.hub.sourcing
            let pumps = try #require(SourceName("pumps"))
            try await sourcing.adopt([pumps: "Pump"])
            #expect(sourcing.source(SourceKey(nil, pumps))?.kept.isFromFile == true)
            await #expect(throws: BrokerError(.conflict, "")) {
                _ = try await sourcing.put(pumps, "Tree", caller: Self.boss)
            }
            await #expect(throws: BrokerError(.conflict, "")) {
                try await sourcing.delete(pumps, caller: Self.boss)
            }
            try await sourcing.adopt([:])
            #expect(sourcing.source(SourceKey(nil, pumps)) == nil)
            #expect(sourcing.source(SourceKey(nil, Self.name)) != nil, "it was no file")
        }
    }

    @Test func `a thing that should report and does not is silent, also after a new start`()
        async throws
    {
        let memory = SharedMemory()
        let time = Mutex(Self.now)
        let pass = { (seconds: Int64) in
            time.withLock { $0 = Timestamp(microseconds: $0.microseconds + seconds * 1_000_000) }
        }
        func started() async throws -> SubscriptionFixture {
            let fixture = try await SubscriptionFixture(
                policy: Policy(permissions: []),
                memory: memory,
                record: RecordDouble(),
                sources: LineSources(),
                now: { time.withLock { $0 } }
            )
            try await fixture.hub.sourcing.loadSources()
            return fixture
        }
        let fixture = try await started()
        let sourcing = fixture.hub.sourcing
        _ = try await sourcing.put(Self.name, "Spring", caller: Self.boss)
        let source = try #require(sourcing.source(SourceKey(nil, Self.name)))
        func report(_ text: String, to hub: Hub) async throws {
            let source = try #require(hub.sourcing.source(SourceKey(nil, Self.name)))
            let message = ReceivedMessage(Array(text.utf8), receivedAt: hub.clock())
            _ = try await hub.sourcing.receive([message], by: source)
        }
        try await report("urn:x:a 1\nurn:x:b 1\nurn:x:c 1", to: fixture.hub)
        try await fixture.hub.writing.deleteEntity(EntityID("urn:x:c"), caller: Self.boss)
        pass(50)
        try await report("urn:x:b 2", to: fixture.hub)
        try await sourcing.noteSilence()
        #expect(try await value("silent", of: "urn:x:a", at: fixture) == false)
        pass(20)
        try await sourcing.noteSilence()
        try await sourcing.noteSilence()
        #expect(try await value("silent", of: "urn:x:a", at: fixture) == true)
        #expect(try await value("silent", of: "urn:x:b", at: fixture) == false)
        #expect(try await fixture.past("silent", of: "urn:x:a") == [false, true])
        let figures = sourcing.figures(of: source).figures
        #expect(figures.silent == 1 && figures.things == 2, "what was deleted is no thing any more")
        // The next process knows its things, and counts their time anew.
        let next = try await started()
        try await next.hub.sourcing.noteSilence()
        #expect(try await value("silent", of: "urn:x:b", at: next) == false)
        try await report("urn:x:a 3", to: next.hub)
        #expect(try await value("silent", of: "urn:x:a", at: next) == false)
        pass(61)
        try await next.hub.sourcing.noteSilence()
        #expect(try await value("silent", of: "urn:x:a", at: next) == true)
        #expect(try await value("silent", of: "urn:x:b", at: next) == true)
    }
}
