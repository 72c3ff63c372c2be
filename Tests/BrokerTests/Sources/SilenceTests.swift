import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

/// Things that are silent after a time that nobody has told, and those that others write.
@Suite struct SilenceTests {
    private static let boss = SubscriptionFixture.boss
    private static let name = [SourceName("lamps")].compactMap(\.self)[0]

    /// A hub with a source, whose clock the test moves.
    private struct World {
        let fixture: SubscriptionFixture
        let time: TestTime

        var sourcing: Sourcing { fixture.hub.sourcing }

        init(
            _ definition: String?,
            memory: SharedMemory = SharedMemory(),
            _ time: TestTime
        ) async throws {
            self.time = time
            fixture = try await SubscriptionFixture(
                policy: Policy(permissions: []),
                memory: memory,
                record: RecordDouble(),
                sources: LineSources(),
                now: { time.now.withLock { $0 } }
            )
            try await fixture.hub.sourcing.loadSources()
            if let definition {
                _ = try await fixture.hub.sourcing.put(name, definition, caller: boss)
            }
        }

        func source() throws -> LiveSource {
            try #require(sourcing.source(SourceKey(nil, name)))
        }

        func report(_ text: String) async throws {
            let message = ReceivedMessage(Array(text.utf8), receivedAt: fixture.hub.clock())
            _ = try await sourcing.receive([message], by: try source())
        }

        /// Another party than the source writes.
        func change(_ id: String, level: Int) async throws {
            _ = try await fixture.hub.writing.updateAttributes(
                of: EntityID(id),
                ["level": .object(["type": "Property", "value": .number(JSONNumber(level))])],
                ld: .core,
                caller: boss
            )
        }

        func isSilent(_ id: String) async throws -> JSONValue? {
            try await fixture.shown(id).objectValue?["silent"]
        }

        func figures() throws -> SourceFigures { sourcing.figures(of: try source()).figures }
    }

    private final class TestTime: Sendable {
        let now = Mutex(Timestamp(microseconds: 1_777_622_400_000_000))
        func pass(_ seconds: Int64) {
            now.withLock { $0 = Timestamp(microseconds: $0.microseconds + seconds * 1_000_000) }
        }
    }

    @Test func `an interval is learned from what nine of ten pauses do not exceed`() {
        var rhythm = ReportRhythm()
        for _ in 1..<ReportRhythm.leastPauses { rhythm.note(pauseMicroseconds: 600_000_000) }
        #expect(rhythm.intervalSeconds == nil && rhythm.limitSeconds(.learned) == nil)
        // Parts of one report, and a day without power.
        rhythm.note(pauseMicroseconds: 10_000)
        #expect(rhythm.intervalSeconds == nil)
        rhythm.note(pauseMicroseconds: 86_400_000_000)
        let interval = rhythm.intervalSeconds ?? 0
        #expect((600...720).contains(interval), "\(interval)")
        #expect(rhythm.limitSeconds(.learned) == 3 * interval)
        #expect(rhythm.limitSeconds(.told(seconds: 7)) == 7 && rhythm.limitSeconds(.never) == nil)
        #expect(ReportRhythm(counts: rhythm.counts) == rhythm)
        // A new habit takes the place of the old one.
        for _ in 0..<2 * ReportRhythm.mostPauses { rhythm.note(pauseMicroseconds: 2_000_000) }
        #expect((2...3).contains(rhythm.intervalSeconds ?? 0))
        #expect(rhythm.limitSeconds(.learned) == ReportRhythm.leastSeconds)
        rhythm.note(pauseMicroseconds: .max)
        #expect(ReportRhythm(counts: [-5, .max]).intervalSeconds != nil)
    }

    @Test func `a thing is silent after three times what was learned, also after a new start`()
        async throws
    {
        let (memory, time) = (SharedMemory(), TestTime())
        let world = try await World("Lamp", memory: memory, time)
        for number in 0..<25 {
            try await world.report("urn:x:a \(number)\nurn:x:b \(number)")
            time.pass(600)
            try await world.sourcing.noteSilence()
        }
        #expect(try await world.isSilent("urn:x:a") == nil, "nothing is said before it is silent")
        let limit = Int64(try #require(try world.figures().silentAfterSeconds))
        #expect((1_800...2_200).contains(limit))
        try await world.report("urn:x:b 30")
        #expect(try world.figures().silent == 0 && !(try world.figures().isSilent))
        time.pass(limit - 599)
        try await world.sourcing.noteSilence()
        #expect(try await world.isSilent("urn:x:a") == true)
        #expect(try await world.isSilent("urn:x:b") == nil)
        time.pass(1_200)
        try await world.sourcing.noteSilence()
        #expect(try world.figures().silent == 2 && world.figures().isSilent)
        // The next process knows what was learned, and that both are silent.
        let next = try await World(nil, memory: memory, time)
        #expect(try next.figures().silentAfterSeconds == Int(limit))
        #expect(try next.figures().silent == 2)
        try await next.report("urn:x:a 31")
        #expect(try await next.isSilent("urn:x:a") == false)
        #expect(try next.figures().silent == 1 && !(try next.figures().isSilent))
    }

    @Test func `an erasure leaves no name of a thing that was heard`() async throws {
        let (memory, time) = (SharedMemory(), TestTime())
        let world = try await World("Lamp", memory: memory, time)
        for number in 0..<25 {
            try await world.report("urn:person:ann \(number)")
            time.pass(600)
        }
        time.pass(10_000)
        try await world.sourcing.noteSilence()
        #expect(try await world.isSilent("urn:person:ann") == true)
        let type = try #require(try world.source().kept.types.first)
        try await world.sourcing.removePersonalMessages(of: nil, [type])
        #expect(try world.figures().things == 0)
        let store = try #require(try await world.fixture.store.tenant(nil))
        let kept = try await store.document(.sourceThings, id: Self.name.text)
        #expect(kept.map { String(decoding: $0.body, as: UTF8.self) }?.contains("ann") == false)
        // What was learned stays, and what was silent is marked when it is heard again.
        #expect(try world.figures().silentAfterSeconds != nil)
        let next = try await World(nil, memory: memory, time)
        try await next.report("urn:person:ann 99")
        #expect(try await next.isSilent("urn:person:ann") == false)
    }

    @Test func `what a thing said before is no report, also after a new start`() async throws {
        let (memory, time) = (SharedMemory(), TestTime())
        let world = try await World("Spring", memory: memory, time)
        let first = time.now.withLock { $0.text }
        // A server goes on to tell the last value of a station that has died.
        for _ in 0..<4 {
            try await world.report("urn:x:dead 1 \(first)\nurn:x:alive 1")
            try await world.sourcing.noteSilence()
            time.pass(30)
        }
        #expect(try await world.isSilent("urn:x:dead") == true)
        #expect(try await world.isSilent("urn:x:alive") == false)
        let next = try await World(nil, memory: memory, time)
        try await next.report("urn:x:dead 1 \(first)")
        #expect(try await next.isSilent("urn:x:dead") == true)
        try await next.report("urn:x:dead 2")
        #expect(try await next.isSilent("urn:x:dead") == false)
    }

    @Test func `a source that goes on after a pause gives its things time to report`() async throws
    {
        let time = TestTime()
        let world = try await World("Spring", time)
        try await world.report("urn:x:a 1\nurn:x:b 1")
        try await world.sourcing.setPaused(Self.name, true, caller: Self.boss)
        time.pass(100_000)
        try await world.sourcing.noteSilence()
        try await world.sourcing.setPaused(Self.name, false, caller: Self.boss)
        try await world.sourcing.noteSilence()
        #expect(try await world.isSilent("urn:x:a") == false)
        #expect(try world.figures().silent == 0 && !(try world.figures().isSilent))
        time.pass(50)
        try await world.report("urn:x:a 2")
        time.pass(20)
        try await world.sourcing.noteSilence()
        #expect(try await world.isSilent("urn:x:a") == false)
        #expect(try await world.isSilent("urn:x:b") == true)
    }

    @Test func `a mark that was written before a crash goes with the next report`() async throws {
        let (memory, time) = (SharedMemory(), TestTime())
        let world = try await World("Spring", memory: memory, time)
        try await world.report("urn:x:a 1\nurn:x:b 1")
        try await world.sourcing.noteSilence()
        time.pass(100)
        // What is stored when the mark of one is written, of the other not, and the process ends.
        let source = try world.source()
        source.history.state.withLock {
            $0.things.beginMarks([EntityID("urn:x:a"), EntityID("urn:x:b")])
        }
        try await world.sourcing.keepThings(of: source)
        _ = try await world.fixture.hub.writing.updateAttributes(
            of: EntityID("urn:x:a"),
            ["silent": ["type": "Property", "value": true]],
            ld: .core,
            caller: Self.boss
        )
        let next = try await World(nil, memory: memory, time)
        try await next.report("urn:x:a 2")
        #expect(try await next.isSilent("urn:x:a") == false)
        #expect(try await next.isSilent("urn:x:b") == false)
        time.pass(61)
        try await next.report("urn:x:a 3")
        try await next.sourcing.noteSilence()
        #expect(try await next.isSilent("urn:x:b") == true, "its mark was not written yet")
        #expect(try await next.isSilent("urn:x:a") == false)
        #expect(try next.figures().silent == 1)
    }

    @Test func `what reports while it is marked is not silent`() {
        var things = HeardThings()
        func moment(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: seconds * 1_000_000) }
        let id = EntityID("urn:x:a")
        things.hear(id, newest: moment(1), at: moment(1))
        #expect(things.overdue(at: moment(100), .told(seconds: 60)) == [id])
        things.beginMarks([id])
        #expect(things.needsMark(id, newest: moment(99), at: moment(101), .learned))
        things.hear(id, newest: moment(99), at: moment(101))
        things.endMark(id, at: moment(100))
        #expect(things.silent.isEmpty && things.returned == [id])
        things.endReturn(id)
        #expect(things.returned.isEmpty && things.marking.isEmpty)
    }

    @Test func `a mark that the source may not write is tried once`() async throws {
        let time = TestTime()
        let world = try await World("Spring", time)
        try await world.report("urn:x:a 1")
        // From now on the source writes entities of another type.
        _ = try await world.sourcing.put(Self.name, "Lamp", caller: Self.boss)
        try world.source().history.state.withLock { state in
            for _ in 0..<20 { state.things.rhythm.note(pauseMicroseconds: 1_000_000) }
        }
        time.pass(100)
        try await world.sourcing.noteSilence()
        #expect(try await world.isSilent("urn:x:a") == false)
        #expect(try world.figures().things == 0 && world.figures().silent == 0)
    }

    @Test func `entities that others write are watched, and the hub's own mark is no report`()
        async throws
    {
        let time = TestTime()
        let world = try await World("watch Spring", time)
        for id in ["urn:x:a", "urn:x:b"] {
            try await world.fixture.make(["id": .string(id), "type": "Spring", "level": 1])
        }
        try await world.fixture.make(["id": "urn:x:tree", "type": "Tree", "level": 1])
        #expect(try world.figures().things == 2)
        for round in 0..<3 {
            time.pass(40)
            try await world.change("urn:x:b", level: round)
            try await world.sourcing.noteSilence()
        }
        #expect(try await world.isSilent("urn:x:a") == true)
        #expect(try await world.isSilent("urn:x:b") == nil)
        #expect(try world.figures().silent == 1)
        try await world.change("urn:x:a", level: 9)
        try await world.sourcing.noteSilence()
        #expect(try await world.isSilent("urn:x:a") == false)
        #expect(try await world.fixture.past("silent", of: "urn:x:a") == [true, false])
        // One that is gone is no thing any more; a paused source hears nothing.
        try await world.fixture.hub.writing.deleteEntity(EntityID("urn:x:a"), caller: Self.boss)
        time.pass(100)
        try await world.sourcing.noteSilence()
        #expect(try world.figures().things == 1)
        try await world.sourcing.setPaused(Self.name, true, caller: Self.boss)
        try await world.fixture.make(["id": "urn:x:c", "type": "Spring", "level": 1])
        #expect(try world.figures().things == 1)
    }
}
