import ContextModel
import Governance
import Storage
import Synchronization
import Testing

@testable import Broker

/// What duties make of values, on the paths by which data leaves a hub.
@Suite struct ShapedEverywhereTests {
    private static func policy(
        _ action: String,
        _ left: String,
        _ right: JSONValue,
        of name: JSONValue
    ) -> JSONValue {
        [
            "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
            "uid": .string("urn:policy:" + action),
            "permission": [
                [
                    "action": "read", "assignee": "urn:balai:party:clinic", "target": "Bus",
                    "duty": [
                        "action": [
                            "rdf:value": .string(action),
                            "refinement": [
                                "leftOperand": .string(left), "operator": "eq",
                                "rightOperand": right,
                            ],
                        ],
                        "target": name,
                    ],
                ]
            ],
        ]
    }

    private static let round = policy("round", "step", 10, of: "speed")
    private static let speed = LDContext.core.expand("speed")

    private func bus(_ name: String, _ speed: JSONValue, at x: Double = 98.3923) -> JSONValue {
        [
            "id": .string("urn:bus:" + name), "type": "Bus", "speed": speed,
            "location": [
                "type": "GeoProperty",
                "value": ["type": "Point", "coordinates": [.number(JSONNumber(x)), 7.8804]],
            ],
        ]
    }

    private func ids(
        _ ward: Ward,
        _ q: String,
        by caller: Caller = Ward.clinic,
        order: [OrderTerm] = []
    ) async throws -> [String] {
        let query = EntityQuery(
            condition: try QParser(expansion: LDContext.core).parse(q),
            order: order,
            limit: 100,
            wantsCount: true
        )
        let page = try await ward.hub.reading.queryEntities(query, caller: caller).page
        let entities = try page.decoded().entities
        #expect(page.count == entities.count)
        return entities.map { String($0.id.uri.dropFirst(8)) }
    }

    @Test(arguments: [false, true])
    func `filters, order and values are of what was rounded`(onDisk: Bool) async throws {
        let ward = try await Ward(onDisk: onDisk)
        try await ward.put(Self.round)
        for (name, speed) in [("a", 51.3), ("b", 48.9), ("c", 55.1), ("d", 12)] {
            try await ward.make(bus(name, .number(JSONNumber(speed))))
        }
        try await ward.make(bus("text", "51.3"))
        #expect(try await ids(ward, "speed>51") == ["c"])
        #expect(try await ids(ward, "speed>51", by: Ward.boss) == ["a", "c"])
        #expect(try await ids(ward, "speed==50") == ["a", "b"])
        #expect(try await ids(ward, "speed==51.3") == [])
        #expect(try await ids(ward, "speed==50..55") == ["a", "b"])
        // What is no number is not there.
        #expect(try await ids(ward, "!speed") == ["text"])
        let bySpeed = OrderTerm(
            subject: .path(AttributePath(names: [Self.speed])),
            isDescending: false
        )
        let byID = OrderTerm(subject: .id, isDescending: true)
        #expect(try await ids(ward, "speed", order: [bySpeed, byID]) == ["d", "b", "a", "c"])
        let shown = try await ward.hub.reading.retrieveEntity(
            EntityID("urn:bus:a"),
            caller: Ward.clinic
        )
        #expect(try shown.answer.entity.value()[Self.speed][0].value == 50)
    }

    @Test(arguments: [false, true])
    func `an index of values is not asked for what is rounded`(onDisk: Bool) async throws {
        let ward = try await Ward(onDisk: onDisk)
        try await ward.put(Self.round)
        for number in 0..<600 {
            try await ward.make(bus("\(number)", .number(JSONNumber(Double(number) + 0.3))))
        }
        // The operator's questions have an index made, which has the values as they are.
        for _ in 0..<20 {
            #expect(try await ids(ward, "speed==599.3", by: Ward.boss) == ["599"])
        }
        #expect(try await ids(ward, "speed==599.3") == [])
        #expect(try await ids(ward, "speed==600") == ["595", "596", "597", "598", "599"])
    }

    private func past(
        _ ward: Ward,
        _ q: String? = nil,
        aggregation: Aggregation? = nil,
        by caller: Caller = Ward.clinic
    ) async throws -> [Evolution] {
        var condition = Condition.type(LDContext.core.expand("Bus"))
        if let q { condition = condition.and(try QParser(expansion: LDContext.core).parse(q)) }
        let query = TemporalQuery(
            condition: condition,
            timeProperty: .modifiedAt,
            instanceLimit: 100,
            aggregation: aggregation,
            limit: 100
        )
        return try await ward.hub.reading.queryEvolutions(query, caller: caller).evolutions
    }

    private func values(_ evolution: Evolution?, _ name: IRI = Self.speed) -> [JSONValue] {
        evolution?.attributes.first { $0.name == name }?.instances.map(\.value) ?? []
    }

    @Test(arguments: [false, true])
    func `histories, their filters and their aggregates are of what was rounded`(
        onDisk: Bool
    ) async throws {
        let ward = try await Ward(onDisk: onDisk)
        try await ward.put(Self.round)
        try await ward.make(bus("a", 51.3))
        for speed in [48.9, 67.2] {
            _ = try await ward.hub.writing.updateAttributes(
                of: EntityID("urn:bus:a"),
                ["speed": .number(JSONNumber(speed))],
                ld: .core,
                caller: Ward.boss
            )
        }
        #expect(values(try await past(ward).first) == [50, 50, 70])
        #expect(values(try await past(ward, by: Ward.boss).first) == [51.3, 48.9, 67.2])
        #expect(values(try await past(ward, "speed==50").first) == [50, 50])
        #expect(try await past(ward, "speed==51.3").isEmpty)
        let whole = Aggregation(methods: [.max, .sum], period: .whole)
        func told(_ caller: Caller) async throws -> String {
            let evolution = try await past(ward, aggregation: whole, by: caller).first
            return "\(evolution?.aggregates.filter { $0.name == Self.speed } ?? [])"
        }
        let (rounded, fine) = (try await told(Ward.clinic), try await told(Ward.boss))
        #expect(fine.contains("67.2") && !rounded.contains("67.2"))
        #expect(rounded.contains("170") && rounded.contains("70"))
    }

    @Test(arguments: [false, true])
    func `a place is found where it is shown`(onDisk: Bool) async throws {
        let ward = try await Ward(onDisk: onDisk)
        try await ward.put(Self.policy("coarsen", "decimals", 1, of: "location"))
        try await ward.make(bus("a", 1))
        func near(_ x: Double, _ y: Double, _ caller: Caller) async throws -> Int {
            let test = GeoTest(
                relation: .near(minMeters: nil, maxMeters: 50),
                reference: try Geometry(
                    geoJSON: [
                        "type": "Point",
                        "coordinates": [.number(JSONNumber(x)), .number(JSONNumber(y))],
                    ]
                ),
                attribute: .location
            )
            let query = EntityQuery(condition: .geometry(test), limit: 10)
            return try await ward.hub.reading.queryEntities(query, caller: caller).page.entities
                .count
        }
        #expect(try await near(98.3923, 7.8804, Ward.boss) == 1)
        #expect(try await near(98.3923, 7.8804, Ward.clinic) == 0)
        #expect(try await near(98.4, 7.9, Ward.clinic) == 1)
        #expect(try await near(98.4, 7.9, Ward.boss) == 0)
    }

    @Test(arguments: [false, true])
    func `what is delayed is in histories alone, once it is old enough`(
        onDisk: Bool
    ) async throws {
        let now = Mutex(Timestamp(microseconds: 1_700_000_000_000_000))
        let ward = try await Ward(now: { now.withLock { $0 } }, onDisk: onDisk)
        func pass(_ seconds: Int64) {
            now.withLock { $0 = Timestamp(microseconds: $0.microseconds + seconds * 1_000_000) }
        }
        try await ward.put(Self.policy("delay", "delayPeriod", "PT10M", of: "speed"))
        try await ward.make(bus("a", 51.3))
        func update(_ speed: Double) async throws {
            _ = try await ward.hub.writing.updateAttributes(
                of: EntityID("urn:bus:a"),
                ["speed": .number(JSONNumber(speed))],
                ld: .core,
                caller: Ward.boss
            )
        }
        func shown() async throws -> [Attribute] {
            try await ward.hub.reading.retrieveEntity(EntityID("urn:bus:a"), caller: Ward.clinic)
                .answer.entity.value()[Self.speed]
        }
        #expect(try await ids(ward, "speed") == [])
        #expect(try await shown().isEmpty)
        #expect(values(try await past(ward).first) == [])
        pass(599)
        try await update(60)
        #expect(values(try await past(ward).first) == [])
        pass(1)
        #expect(values(try await past(ward).first) == [51.3])
        #expect(try await past(ward, "speed==51.3").count == 1)
        #expect(try await past(ward, "speed==60").isEmpty)
        // The current state shows it at no time: when it is gone would tell that there is a newer one.
        #expect(try await ids(ward, "speed") == [])
        #expect(try await shown().isEmpty)
        let whole = Aggregation(methods: [.totalCount], period: .whole)
        let counted = "\(try await past(ward, aggregation: whole).first?.aggregates ?? [])"
        pass(600)
        #expect(values(try await past(ward).first) == [51.3, 60])
        let later = "\(try await past(ward, aggregation: whole).first?.aggregates ?? [])"
        #expect(counted != later)
        // A clock that is set back hides more, and shows nothing new.
        pass(-600)
        try await update(70)
        #expect(values(try await past(ward).first) == [51.3])
    }

    @Test func `subscribers are told when what they see changes, of what they see`() async throws {
        let ward = try await Ward()
        try await ward.put(Self.round)
        try await ward.make(bus("a", 51.3))
        try await ward.fixture.subscribe(
            ["watchedAttributes": ["speed"], "q": "speed>=50"],
            caller: Ward.clinic
        )
        try await ward.fixture.subscribe(
            [
                "watchedAttributes": ["speed"],
                "notification": [
                    "endpoint": ["uri": "http://r.example/changes"], "showChanges": true,
                ],
            ],
            to: "http://r.example/changes",
            caller: Ward.clinic
        )
        try await ward.fixture.delivering {
            // 51.3 and 52 look the same, and so do 44 and 41; 44 is below 50 for the filter.
            for speed in [52, 44, 41, 58] {
                try await ward.fixture.update("urn:bus:a", speed: speed)
            }
            let told = await ward.fixture.recorder.next(3)
            let changes = told.filter { $0.url.hasSuffix("changes") }.flatMap(\.entities)
            let filtered = told.filter { !$0.url.hasSuffix("changes") }.flatMap(\.entities)
            func speeds(_ entities: [JSONObject]) -> [JSONValue?] {
                entities.map { $0["speed"]?.objectValue?["value"] }
            }
            #expect(speeds(changes) == [40, 60])
            #expect(speeds(filtered) == [60])
            let members = changes.map { $0["speed"]?.objectValue?["previousValue"] }
            #expect(members == [nil, nil])
        }
    }

    @Test func `a writer cannot end what is shaped for it by another type`() async throws {
        let everything = Permission(
            assignee: .anyone,
            actions: [.read, .write],
            target: .everything
        )
        let ward = try await Ward(common: [everything])
        try await ward.put(Self.round)
        try await ward.make(bus("a", 51.3))
        func replace(_ type: String) async throws {
            try await ward.hub.writing.replaceEntity(
                EntityID("urn:bus:a"),
                ["type": .string(type), "speed": 3],
                ld: .core,
                caller: Ward.clinic
            )
        }
        await #expect(throws: BrokerError.self) { try await replace("Tram") }
        try await replace("Bus")
    }
}
