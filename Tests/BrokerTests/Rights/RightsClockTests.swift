import ContextModel
import Governance
import Storage
import StorageMemory
import StoreDoubles
import Synchronization
import Testing

@testable import Broker

/// A clock that somebody sets back, or ahead.
@Suite struct RightsClockTests {
    private static let noon = Timestamp(microseconds: 1_790_000_000_000_000)

    /// A clock that is set.
    private final class Clock: Sendable {
        private let moment = Mutex(RightsClockTests.noon)
        var now: Timestamp {
            get { moment.withLock { $0 } }
            set { moment.withLock { $0 = newValue } }
        }
    }
    private let clock = Clock()

    private static let both = ["urn:visit:1", "urn:visit:2"]

    private func set(hours: Int64) {
        clock.now = Timestamp(microseconds: Self.noon.microseconds + hours * 3_600_000_000)
    }

    @Test func `choices count in the order in which they were made, whatever the clock said`()
        async throws
    {
        let memory = SharedMemory()
        let ward = try await Ward(memory: memory, now: { clock.now }).filled()
        try await ward.choose("consent")
        // The objection is dated before the consent.
        set(hours: -1_000)
        try await ward.choose("object")
        #expect(try await ward.found("Visit") == ["urn:visit:2"])
        for hours in [Int64(-2_000), 0, 2_000] {
            set(hours: hours)
            #expect(try await ward.found("Visit") == ["urn:visit:2"])
            let restarted = try await Ward(
                memory: memory,
                process: "restarted \(hours)",
                now: { clock.now },
                record: ward.record
            )
            await restarted.hub.governing.takeUpRecord()
            #expect(try await restarted.found("Visit") == ["urn:visit:2"])
        }
        // And the other way round.
        set(hours: -3_000)
        try await ward.choose("consent")
        #expect(try await ward.found("Visit") == Self.both)
    }

    @Test func `an override that has ended is not revived, nor begun before its time`()
        async throws
    {
        let ward = try await Ward(now: { clock.now }).filled()
        try await ward.choose("object")
        func date(_ hours: Int64) -> JSONValue {
            let moment = Self.noon.microseconds + hours * 3_600_000_000
            return .string(Timestamp(microseconds: moment).text)
        }
        func bound(_ word: String, _ hours: Int64) -> JSONValue {
            ["leftOperand": "dateTime", "operator": .string(word), "rightOperand": date(hours)]
        }
        var policy = try #require(
            Ward.policy(
                uid: "urn:policy:override",
                constraints: [
                    bound("gteq", 10), bound("lt", 20),
                    [
                        "leftOperand": "legalBasis", "operator": "eq",
                        "rightOperand": "https://w3id.org/dpv#VitalInterest",
                    ],
                ]
            ).objectValue
        )
        policy["title"] = "An outbreak"
        try await ward.put(.object(policy))
        for (hours, covers) in [
            (9, false), (10, true), (19, true), (20, false), (15, false), (-100, false),
            (21, false),
        ] as [(Int64, Bool)] {
            set(hours: hours)
            #expect(
                try await ward.found("Visit") == (covers ? Self.both : ["urn:visit:2"]),
                "at \(hours)"
            )
        }
    }
}
