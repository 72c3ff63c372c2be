import Clauses
import ContextModel
import Federation
import Governance
import Storage
import Testing

@testable import Broker

/// Pages of what the hub has and what sources have.
@Suite(.timeLimit(.minutes(1)), .clause("4.3.6.3", "5.7.1", "5.7.2", "6.3.10"))
struct FederatedPageTests {
    private static func encoded(_ number: Int) -> EncodedEntity {
        EncodedEntity(Entity(id: EntityID("urn:x:\(number)"), types: []))
    }

    /// The page of `own` entities of the store and of `others`, and how often it was counted.
    private func page(
        own: Int,
        others: Int,
        offset: Int,
        limit: Int,
        wantsCount: Bool
    ) throws -> (page: EntityPage<EncodedEntity>, counts: Int) {
        var counts = 0
        let page = try EntityPage.first(
            of: EntityQuery(
                condition: .everything,
                offset: offset,
                limit: limit,
                wantsCount: wantsCount
            ),
            followedBy: (0..<others).map { Self.encoded(1_000 + $0) }
        ) { query in
            if query.wantsCount { counts += 1 }
            let all = (0..<own).dropFirst(query.offset)
            return EntityPage(
                entities: all.prefix(query.limit).map(Self.encoded),
                count: query.wantsCount ? own : nil,
                hasMore: all.count > query.limit
            )
        }
        return (page, counts)
    }

    @Test(arguments: [true, false])
    func `all entities are on pages, and few pages are counted`(wantsCount: Bool) throws {
        for own in 0..<8 {
            for others in 0..<8 {
                var seen: [String] = []
                var (offset, hasMore, counts) = (0, true, 0)
                while hasMore {
                    let found = try page(
                        own: own,
                        others: others,
                        offset: offset,
                        limit: 3,
                        wantsCount: wantsCount
                    )
                    seen += try found.page.entities.map { try $0.value().id.uri }
                    #expect(found.page.count == (wantsCount ? own + others : nil))
                    counts += found.counts
                    hasMore = found.page.hasMore
                    offset += 3
                }
                let all =
                    (0..<own).map { "urn:x:\($0)" } + (0..<others).map { "urn:x:\(1_000 + $0)" }
                #expect(seen == all, "\(own) and \(others)")
                #expect(offset < all.count + 3 || all.isEmpty)
                // Only pages that begin after the hub's own entities need to be counted.
                if !wantsCount { #expect(counts <= (others + 2) / 3) }
            }
        }
        #expect(try page(own: 9, others: 3, offset: 3, limit: 3, wantsCount: false).counts == 0)
    }

    /// A source may give less at once than it is asked for (clause 6.3.10).
    @Test(arguments: [false, true])
    func `a source is asked for all of its pages`(refusesLimit: Bool) async throws {
        let hub = try await FederatedFixture { request in
            let limit = request.parameters.first { $0.key == "limit" }
            if refusesLimit, limit != nil {
                return .json(
                    ["type": "https://uri.etsi.org/ngsi-ld/errors/TooManyResults"],
                    status: 403
                )
            }
            let offset = request.parameters.first { $0.key == "offset" }
            let begin = offset.flatMap { Int($0.value) } ?? 0
            let some = (begin..<7).prefix(2).map { number -> JSONValue in
                ["id": .string("urn:x:\(number)"), "type": "Bus"]
            }
            var answer = SourceAnswer.json(.array(some))
            answer.hasNextPage = begin + 2 < 7
            return answer
        }
        try await hub.fixture.register()
        let found = try await hub.query()
        #expect(try FederatedFixture.ids(found) == (0..<7).map { "urn:x:\($0)" })
        #expect(found.warnings.isEmpty)
        #expect(hub.source.requests.count == (refusesLimit ? 5 : 4))
    }

    @Test(.clause("4.23")) func `an order is refused before anybody is asked`() async throws {
        let hub = try await FederatedFixture { _ in .json([]) }
        let order = [OrderTerm(subject: .id)]
        _ = try await hub.query(order: order)
        try await hub.fixture.register()
        let error = await #expect(throws: BrokerError.self) { try await hub.query(order: order) }
        #expect(error?.code == .badRequestData)
        #expect(hub.source.requests.isEmpty)
    }

    /// What is here in spite of its registration is a copy that nobody keeps up.
    @Test(arguments: [true, false])
    func `no stale copy is shown when its source fails`(isExclusive: Bool) async throws {
        let hub = try await FederatedFixture { _ in throw SourceProblem.unreachable }
        var entity: JSONObject = ["type": "Bus"]
        if isExclusive { entity["id"] = "urn:x:1" }
        try await hub.fixture.register([
            "mode": isExclusive ? "exclusive" : "redirect",
            "information": [["entities": [.object(entity)], "propertyNames": ["speed"]]],
        ])
        // A local change is not refused.
        for number in 1...3 {
            try await hub.fixture.make([
                "id": .string("urn:x:\(number)"), "type": "Bus", "speed": 5, "name": "seven",
            ])
        }
        let held = isExclusive ? 1 : 3
        let found = try await hub.query()
        #expect(found.warnings.count == 1)
        let speed = SubscriptionFixture.iri("speed")
        let entities = try found.page.entities.map { try $0.value() }
        #expect(entities.count == 3)
        #expect(entities.filter { $0[speed].isEmpty }.count == held)
        #expect(entities.allSatisfy { !$0[SubscriptionFixture.iri("name")].isEmpty })
        let one = try await hub.retrieve("urn:x:1").entity.value()
        #expect(one[speed].isEmpty && one.attributes.count == 1)
        let fast = Condition.type(SubscriptionFixture.iri("Bus")).and(.attribute(speed))
        #expect(try await hub.query(condition: fast).page.count == 3 - held)
    }

    @Test func `what is wholly elsewhere is not shown from here`() async throws {
        let hub = try await FederatedFixture { _ in throw SourceProblem.unreachable }
        try await hub.fixture.register(["mode": "redirect"])
        try await hub.fixture.make(["id": "urn:x:1", "type": "Bus"])
        #expect(try await hub.query().page.count == 0)
        let nobody = try QParser(expansion: LDContext.core).parse(
            "colour==\"red\"",
            parameter: "csf"
        )
        #expect(try await hub.query(csf: nobody).page.count == 0)
        await #expect(throws: BrokerError.self) { try await hub.retrieve("urn:x:1") }
    }
}
