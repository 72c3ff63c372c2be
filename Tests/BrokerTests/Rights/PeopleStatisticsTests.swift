import Chance
import ContextModel
import Governance
import Record
import Statistics
import Storage
import StoreDoubles
import StorageMemory
import Synchronization
import Testing

@testable import Broker

@Suite struct PeopleStatisticsTests {
    // MARK: Who may ask

    @Test func `whoever may only aggregate gets statistics, and nothing of any person`()
        async throws
    {
        let office = try await Office()
        #expect(try await office.exactCount() == 2)
        let visits = Condition.type(LDContext.core.expand("Visit"))
        let reading = office.ward.hub.reading
        let caller = Office.caller
        #expect(try await office.ward.found("Visit", by: caller) == [])
        let query = EntityQuery(condition: visits, limit: 0, wantsCount: true)
        #expect(try await reading.queryEntities(query, caller: caller).page.count == 0)
        let average = Aggregation(methods: [.totalCount], period: .whole)
        for aggregation in [nil, average] {
            let past = TemporalQuery(
                condition: visits,
                timeProperty: .modifiedAt,
                instanceLimit: 10,
                aggregation: aggregation,
                limit: 10
            )
            let page = try await reading.queryEvolutions(past, caller: caller).answer
            #expect(page.page.evolutions.isEmpty)
        }
    }

    @Test func `without a permission to aggregate for the purpose nothing is told or taken`()
        async throws
    {
        let office = try await Office()
        let before = office.ward.record.size
        let others: [Caller] = [
            Ward.boss, Ward.clinic, Caller(party: .anonymous), Caller(party: Office.caller.party),
            Caller(party: Office.caller.party, purpose: Purpose("dpv:Marketing")),
            Caller(party: Office.caller.party, purpose: Purpose("PublicHealthy")),
        ]
        for caller in others {
            let refused = await #expect(throws: BrokerError.self) {
                _ = try await office.ask(Office.count, by: caller)
            }
            let code: BrokerError.Code =
                caller.party == .anonymous ? .unauthenticated : .forbidden
            #expect(refused?.code == code)
        }
        #expect(office.ward.record.size == before)
        #expect(try await office.spent() == .zero)
    }

    @Test func `a prohibition to aggregate wins`() async throws {
        let office = try await Office()
        let before = try await office.values(Office.count)
        try await office.ward.put(
            Office.policy(uid: "urn:policy:no", rule: "prohibition", types: ["Visit"])
        )
        #expect(try await office.values(Office.count) == before.map { $0 - 2 })
    }

    // MARK: Who is in it

    @Test func `whoever objects is in no statistic from then on`() async throws {
        let office = try await Office()
        let before = try await office.values(Office.count)
        try await office.ward.choose("object")
        #expect(try await office.values(Office.count) == before.map { $0 - 1 })
    }

    @Test func `a person counts so often at most, and an entity about two not at all`() async throws
    {
        let office = try await Office()
        let before = try await office.values(Office.count)
        for name in 3...9 {
            try await office.ward.make(office.ward.visit("\(name)", of: Ward.siti))
        }
        #expect(try await office.values(Office.count) == before)
        var both = try #require(office.ward.visit("both", of: Ward.siti).objectValue)
        both["patient"] = [
            "type": "Relationship", "object": ["urn:person:ani", "urn:person:dewi"],
        ]
        try await office.ward.make(.object(both))
        #expect(try await office.values(Office.count) == before)
        try await office.ward.make(office.ward.visit("10", of: SubjectID("urn:person:ani")))
        #expect(try await office.values(Office.count) == before.map { $0 + 1 })
    }

    @Test func `more people than a page has are all counted`() async throws {
        let office = try await Office()
        for number in 0..<230 {
            let person = SubjectID("urn:person:\(number)")
            try await office.ward.make(office.ward.visit("n\(number)", of: person))
        }
        #expect(try await office.exactCount() == 232)
    }

    @Test func `bins are those of the question, and empty ones have noise, too`() async throws {
        let office = try await Office()
        try await office.ward.make(
            office.ward.visit("3", of: SubjectID("urn:person:ani"), ward: "south")
        )
        let question: JSONValue = [
            "statistic": "count", "type": "Visit",
            "groups": ["attribute": "ward", "values": ["south", "nowhere", "north"]],
        ]
        #expect(try await office.exact(question) == [1, 0, 2])
        let told = try await office.ask(question)
        #expect(told.answers.count == 3 && told.answers.contains { $0.value != JSONNumber(0) })
        let json = try told.json(.core)
        let bins = json["bins"]?.arrayValue?.map { $0.objectValue?["group"] }
        #expect(bins == ["south", "nowhere", "north"])
    }

    @Test func `histograms, scopes and sums are of what each person has`() async throws {
        let office = try await Office()
        for (name, age, scope) in [
            ("a", 17, "/North/Harbour"), ("b", 18, "/North/Market"), ("c", 64, "/South"),
        ] {
            var visit = try #require(
                office.ward.visit(name, of: SubjectID("urn:person:\(name)")).objectValue
            )
            visit["age"] = .number(JSONNumber(age))
            visit["scope"] = .string(scope)
            try await office.ward.make(.object(visit))
        }
        let histogram: JSONValue = [
            "statistic": "histogram", "type": "Visit", "attribute": "age",
            "groups": ["edges": [0, 18, 65]],
        ]
        #expect(try await office.exact(histogram) == [1, 2])
        let places: JSONValue = [
            "statistic": "count", "type": "Visit", "attribute": "age",
            "scopes": ["/North/#", "/South"],
        ]
        #expect(try await office.exact(places) == [2, 1])
        let sum: JSONValue = [
            "statistic": "sum", "type": "Visit", "attribute": "age", "within": [0, 20],
        ]
        #expect(try await office.exact(sum) == [17 + 18 + 20])
    }

    @Test func `people are counted by the areas in which they are, or were`() async throws {
        let office = try await Office()
        for (name, place) in [("a", [1, 1]), ("b", [2, 2]), ("c", [6, 6]), ("d", [9, 9])] {
            var visit = try #require(
                office.ward.visit(name, of: SubjectID("urn:person:\(name)")).objectValue
            )
            visit["location"] = [
                "type": "GeoProperty", "observedAt": "2026-11-01T00:00:00Z",
                "value": [
                    "type": "Point",
                    "coordinates": .array(place.map { .number(JSONNumber($0)) }),
                ],
            ]
            try await office.ward.make(.object(visit))
        }
        let areas: JSONValue = [
            Self.square("west", 0, 5), Self.square("east", 5, 8), Self.square("all", 0, 10),
            Self.square("nowhere", 20, 30),
        ]
        let question: JSONValue = [
            "statistic": "count", "type": "Visit", "places": ["areas": areas],
        ]
        #expect(try await office.exact(question) == [2, 1, 4, 0])
        let told = try await office.ask(question).json(.core)
        let names = told["bins"]?.arrayValue?.map { $0.objectValue?["place"] }
        #expect(names == ["west", "east", "all", "nowhere"])
        let history: JSONValue = [
            "statistic": "count", "type": "Visit", "attribute": "location", "history": true,
            "places": ["attribute": "location", "areas": areas],
        ]
        #expect(try await office.exact(history) == [2, 1, 4, 0])
        try await office.ward.choose("object", SubjectID("urn:person:a"))
        #expect(try await office.exact(question) == [1, 1, 3, 0])
        #expect(try await office.exact(history) == [1, 1, 3, 0])
        // What is hidden from the office says nothing of where people are.
        try await office.ward.put([
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
            "uid": "urn:policy:where",
            "prohibition": [
                [
                    "action": "use", "assignee": "urn:balai:party:office",
                    "target": [
                        "@type": "AssetCollection", "source": "Visit",
                        "refinement": [
                            [
                                "leftOperand": "attribute", "operator": "eq",
                                "rightOperand": "location",
                            ]
                        ],
                    ],
                ]
            ],
        ])
        #expect(try await office.exact(question) == [0, 0, 0, 0])
    }

    private static func square(_ name: String, _ low: Int, _ high: Int) -> JSONValue {
        let corners = [(low, low), (high, low), (high, high), (low, high), (low, low)]
        return [
            "name": .string(name), "type": "Polygon",
            "coordinates": [
                .array(
                    corners.map { [.number(JSONNumber($0.0)), .number(JSONNumber($0.1))] }
                )
            ],
        ]
    }

    @Test func `a history is counted by periods, for those who are in it now or were`() async throws
    {
        let office = try await Office()
        for (visit, day, hour) in [("1", 1, 8), ("1", 1, 9), ("1", 2, 8), ("2", 2, 8)] {
            try await office.note(visit, at: "2026-11-0\(day)T0\(hour):00:00Z")
        }
        let question: JSONValue = [
            "statistic": "count", "type": "Visit", "attribute": "pulse", "history": true,
            "periods": [
                "from": "2026-11-01T00:00:00Z", "to": "2026-11-04T00:00:00Z", "every": "P1D",
            ],
        ]
        #expect(try await office.exact(question) == [1, 2, 0])
        try await office.ward.choose("object")
        #expect(try await office.exact(question) == [0, 1, 0])
    }

    // MARK: The record

    @Test func `a spending is in the record, and no person`() async throws {
        let office = try await Office()
        let before = office.ward.record.size
        let told = try await office.ask(Office.count)
        let entry = try #require(office.ward.record.drafts.last)
        #expect(office.ward.record.size == before + 1)
        #expect(entry.kind == .spending && entry.openings.isEmpty)
        #expect(entry.details["charge"] == .number(JSONNumber(5_000_000_000)))
        #expect(entry.details["party"] == "urn:balai:party:office")
        #expect(try await office.spent() == told.question.statistic.charge)
    }

    @Test func `without the record nothing is answered, and nothing taken`() async throws {
        let office = try await Office()
        office.ward.record.fail()
        let refused = await #expect(throws: BrokerError.self) {
            _ = try await office.ask(Office.count)
        }
        #expect(refused?.code == .recordUnavailable)
        #expect(try await office.spent() == .zero)
    }

    // MARK: The budget

    /// What an attacker compares.
    static let questions: [JSONValue] = [
        Office.count,
        ["statistic": "count", "type": "Visit", "attribute": "ward"],
        ["statistic": "sum", "type": "Visit", "attribute": "age", "within": [0, 100]],
        [
            "statistic": "histogram", "type": "Visit", "attribute": "ward",
            "groups": ["values": ["north"]],
        ],
        [
            "statistic": "count", "type": "Visit", "attribute": "pulse", "history": true,
            "periods": [
                "from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z", "every": "P1D",
            ],
        ],
        [
            "statistic": "count", "type": "Visit", "attribute": "pulse", "history": true,
            "periods": [
                "from": "2026-11-01T00:00:00Z", "to": "2026-11-01T23:59:00Z", "every": "P1D",
            ],
        ],
        ["statistic": "count", "type": "Bike"],
    ]

    @Test(arguments: questions)
    func `each question is charged in full, whatever it is about`(question: JSONValue) async throws
    {
        let office = try await Office()
        _ = try await office.ask(Office.count)
        let once = try await office.spent()
        _ = try await office.ask(question)
        #expect(try await office.spent() == once + once)
        try await office.ward.choose("object")
        _ = try await office.ask(question)
        #expect(try await office.spent() == once + once + once)
    }

    @Test func `the same question twice has other noise`() async throws {
        let office = try await Office()
        var values: Set<JSONNumber> = []
        for _ in 0..<10 { values.insert(try await office.ask(Office.count).answers[0].value) }
        #expect(values.count > 1)
    }

    @Test func `a spent budget refuses all parties together, until the date it names`() async throws
    {
        let clock = SettableTime(try #require(Timestamp("2026-11-29T12:00:00Z")))
        let memory = SharedMemory()
        let office = try await Office(memory: memory, now: clock.now)
        // Half of the budget for one alone, half of the rest for the next.
        #expect(try await office.askUntilRefused() == 50)
        let other = Caller(party: .named(PartyID("lab")), purpose: Office.caller.purpose)
        #expect(try await office.askUntilRefused(by: other) == 25)
        #expect(try await office.spent() <= PrivacyBudget.standard.limit)
        let refused = await #expect(throws: BrokerError.self) {
            _ = try await office.ask(Self.questions[3])
        }
        #expect(refused?.code == .budgetExhausted)
        #expect(refused?.detail.contains("renews at 2026-12-03T00:00:00Z") == true)
        let entries = office.ward.record.size
        _ = try? await office.ask(Office.count)
        #expect(office.ward.record.size == entries)

        // Neither a restart nor a clock set back fills it.
        let restarted = try await Office(
            memory: memory,
            process: "other",
            isNew: false,
            now: clock.now
        )
        #expect(try await restarted.askUntilRefused() == 0)
        clock.set(try #require(Timestamp("2026-09-01T12:00:00Z")))
        #expect(try await restarted.askUntilRefused() == 0)
        #expect(try await restarted.askUntilRefused(by: other) == 0)
        clock.set(try #require(Timestamp("2026-12-03T00:00:00Z")))
        #expect(try await restarted.askUntilRefused(by: other) == 50)
    }

    // MARK: Questions

    static let refused: [JSONValue] = [
        [:], ["statistic": "average", "type": "Visit"], ["statistic": "count"],
        ["statistic": "count", "type": "Bench"], ["statistic": "count", "type": "Unknown"],
        ["statistic": "count", "type": "Visit", "q": "age>3"],
        ["statistic": "histogram", "type": "Visit", "attribute": "ward"],
        ["statistic": "sum", "type": "Visit", "attribute": "age"],
        ["statistic": "sum", "type": "Visit", "attribute": "age", "within": [3, 1]],
        ["statistic": "count", "type": "Visit", "history": true],
        ["statistic": "count", "type": "Visit", "upTo": 0],
        ["statistic": "count", "type": "Visit", "binsPerPerson": 2],
        ["statistic": "count", "type": "Visit", "rho": 0],
        ["statistic": "count", "type": "Visit", "rho": .number(JSONNumber(0.0001))],
        ["statistic": "count", "type": "Visit", "rho": 1, "epsilon": 1],
        ["statistic": "count", "type": "Visit", "scopes": ["/A/#/B"]],
        [
            "statistic": "count", "type": "Visit",
            "groups": ["attribute": "age", "edges": [3, 3]],
        ],
        ["statistic": "count", "type": "Visit", "places": ["areas": []]],
        ["statistic": "count", "type": "Visit", "places": ["areas": [["name": "a"]]]],
        [
            "statistic": "count", "type": "Visit",
            "places": ["areas": [["name": "a", "type": "Point", "coordinates": [1, 1]]]],
        ],
        [
            "statistic": "count", "type": "Visit",
            "places": ["areas": [square("a", 0, 1), square("a", 2, 3)]],
        ],
        [
            "statistic": "count", "type": "Visit", "attribute": "pulse", "history": true,
            "places": ["areas": [square("a", 0, 1)]],
        ],
    ]

    @Test(arguments: refused)
    func `what is not understood is refused, and nothing taken`(question: JSONValue) async throws {
        let office = try await Office()
        let size = office.ward.record.size
        let refused = await #expect(throws: BrokerError.self) { _ = try await office.ask(question) }
        #expect(refused?.code == .badRequestData)
        #expect(office.ward.record.size == size)
        #expect(try await office.spent() == .zero)
    }
}

/// A ward, and an office that may ask for statistics about its patients.
final class Office: Sendable {
    let ward: Ward
    private let chance: ChanceAgain

    static let caller = Caller(
        party: .named(PartyID("office")),
        purpose: Purpose("dpv:PublicHealth")
    )
    static let count: JSONValue = ["statistic": "count", "type": "Visit"]

    init(
        memory: SharedMemory = SharedMemory(),
        process: String = "hub",
        isNew: Bool = true,
        now: (@Sendable () -> Timestamp)? = nil,
        record: RecordDouble = RecordDouble()
    ) async throws {
        let chance = ChanceAgain()
        self.chance = chance
        let ward = try await Ward(
            memory: memory,
            process: process,
            now: now,
            randomBits: { chance.next() },
            record: record
        )
        self.ward = isNew ? try await ward.filled() : ward
        guard isNew else { return }
        try await ward.put(Self.policy(uid: "urn:policy:office"))
        try await ward.put(Self.policy(uid: "urn:policy:lab", party: "urn:balai:party:lab"))
    }

    static func policy(
        uid: String,
        rule: String = "permission",
        types: [String] = ["Visit", "Bike"],
        party: String = "urn:balai:party:office"
    ) -> JSONValue {
        Ward.policy(types, uid: uid, rule: rule, action: "aggregate", party: party)
    }

    func ask(
        _ question: JSONValue,
        by caller: Caller = Office.caller
    ) async throws -> StatisticAnswer {
        try await ward.hub.governing.statistic(question, ld: .core, caller: caller).answer
    }

    /// The values with the noise that each first question of a hub has: their differences are exact.
    func values(_ question: JSONValue) async throws -> [Int] {
        chance.restart()
        return try await ask(question).answers.compactMap(\.value.intValue)
    }

    /// The values less their noise.
    func exact(_ question: JSONValue) async throws -> [Int] {
        let values = try await values(question)
        let statistic = try StatisticQuestionReader(question, .core).question().statistic
        var ledger = PrivacyLedger()
        let verdict = ledger.spend(
            statistic.charge,
            from: .standard,
            at: Timestamp(microseconds: 0)
        )
        guard case .granted(let grant, _) = verdict else { return [] }
        chance.restart()
        var bits = RandomBits(SeededGenerator(seed: ChanceAgain.seed))
        let noise = PeopleTotals<String>(of: statistic).release(grant, using: &bits)
            .compactMap(\.value.intValue)
        return zip(values, noise).map { $0 - $1 }
    }

    func exactCount() async throws -> Int { try await exact(Self.count)[0] }

    func askUntilRefused(by caller: Caller = Office.caller) async throws -> Int {
        for answers in 0..<200 {
            do { _ = try await ask(Self.count, by: caller) } catch let error as BrokerError {
                guard error.code == .budgetExhausted else { throw error }
                return answers
            }
        }
        return 200
    }

    /// What all parties have taken.
    func spent() async throws -> PrivacyCharge {
        let store = try #require(try await ward.fixture.store.tenant(nil))
        return try await KeptLedger(in: store).ledger.whole.spent
    }

    /// Adds a reading to the history of a visit.
    func note(_ visit: String, at moment: String) async throws {
        try await ward.hub.writing.addToEvolution(
            of: EntityID("urn:visit:" + visit),
            ["pulse": [["type": "Property", "value": 70, "observedAt": .string(moment)]]],
            ld: .core,
            caller: Ward.boss
        )
    }
}

/// Random bits that can be had again.
private final class ChanceAgain: Sendable {
    static let seed: UInt64 = 7
    private let generator = Mutex(SeededGenerator(seed: seed))

    func next() -> UInt64 { generator.withLock { $0.next() } }
    func restart() { generator.withLock { $0 = SeededGenerator(seed: Self.seed) } }
}

/// A clock that is set.
final class SettableTime: Sendable {
    private let moment: Mutex<Timestamp>
    init(_ moment: Timestamp) { self.moment = Mutex(moment) }
    func set(_ moment: Timestamp) { self.moment.withLock { $0 = moment } }
    @Sendable func now() -> Timestamp { moment.withLock { $0 } }
}
