import ContextModel
import NIOHTTP1
import Testing

/// A well-behaved client of a hub, which measures how long its requests take.
struct GoodNeighbour: Sendable {
    private static let entity = "urn:ngsi-ld:Good:1"
    private static let subscription = "urn:ngsi-ld:Subscription:good"

    /// The kinds of requests.
    enum Deed: String, CaseIterable { case write, read, query, hear, `import` }

    /// The duration of each request, by kind.
    struct Times: CustomStringConvertible {
        private(set) var all: [Deed: [Duration]] = [:]

        mutating func add(_ time: Duration, _ deed: Deed) { all[deed, default: []].append(time) }

        /// The duration that 99 % of the requests do not exceed; of few requests, the longest.
        func percentile99(_ deed: Deed) -> Duration {
            let sorted = (all[deed] ?? []).sorted()
            return sorted.isEmpty ? .zero : sorted[(sorted.count * 99 - 1) / 100]
        }

        /// The kinds that took longer than three times as long as alone, plus a tenth of a second.
        func slower(than alone: Times) -> [Deed] {
            Deed.allCases.filter {
                percentile99($0) > alone.percentile99($0) * 3 + .milliseconds(100)
            }
        }

        var description: String {
            Deed.allCases.map { "\($0) \(percentile99($0))" }.joined(separator: ", ")
        }
    }

    let party: Party
    private let receiver: NotificationReceiver

    init(_ party: Party, _ receiver: NotificationReceiver) async throws {
        self.party = party
        self.receiver = receiver
        let entity: JSONObject = [
            "id": .string(Self.entity), "type": "Good",
            "value": ["type": "Property", "value": 0],
        ]
        try await party.require(.POST, "/ngsi-ld/v1/entities", .object(entity))
        try await party.subscribe(
            to: "Good",
            at: receiver.url,
            ["id": .string(Self.subscription), "watchedAttributes": ["value"]]
        )
    }

    /// Writes, reads, queries, receives a notification and imports, in this many rounds.
    func work(from first: Int, rounds: Int) async throws -> Times {
        var times = Times()
        for number in first..<first + rounds {
            let start = ContinuousClock.now
            try await time(.write, &times) { try await write(number) }
            await hear(number)
            times.add(.now - start, .hear)
            try await time(.read, &times) {
                let path = "/ngsi-ld/v1/entities/\(Self.entity)?format=simplified"
                try check(await party.send(.GET, path), says: number)
            }
            try await time(.query, &times) {
                let path = "/ngsi-ld/v1/entities?type=Good&q=value==\(number)&format=simplified"
                try check(await party.send(.GET, path), says: number)
            }
            guard number.isMultiple(of: 4) else { continue }
            try await time(.import, &times) { try await load(number) }
        }
        return times
    }

    private func time(
        _ deed: Deed,
        _ times: inout Times,
        _ body: () async throws -> Void
    ) async rethrows {
        let start = ContinuousClock.now
        try await body()
        times.add(.now - start, deed)
    }

    private func write(_ number: Int) async throws {
        try await party.require(
            .PATCH,
            "/ngsi-ld/v1/entities/\(Self.entity)/attrs",
            ["value": ["type": "Property", "value": .number(JSONNumber(number))]]
        )
    }

    /// Waits for the notification of the value.
    private func hear(_ number: Int) async {
        let stream = Arrivals.Stream(subscription: Self.subscription, entity: Self.entity)
        if receiver.arrivals.firsts(stream).contains(number) { return }
        for await _ in receiver.arrivals.signals
        where receiver.arrivals.firsts(stream).contains(number) { return }
    }

    private func check(_ answer: HubAnswer, says number: Int) {
        #expect(
            answer.status == 200 && answer.text.contains("\"value\":\(number)"),
            "\(answer.status) \(answer.text)"
        )
    }

    private func load(_ number: Int) async throws {
        let line = """
            {"id":"urn:ngsi-ld:Loaded:\(number % 8)","type":"Loaded",\
            "n":{"type":"Property","value":\(number)}}
            """
        let answer = try await party.send(
            .POST,
            "/hub/imports/entities",
            Array(line.utf8),
            "application/x-ndjson"
        )
        #expect(answer.status == 200, "\(answer.status) \(answer.text)")
    }
}
