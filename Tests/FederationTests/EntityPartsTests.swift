import Chance
import Clauses
import ContextModel
import Federation
import Testing

@Suite(.clause("4.5.5", "4.3.6.2", "4.3.6.3", "AUXILIARYCSR")) struct EntityPartsTests {
    private typealias Sample = FederationSample

    private func merged(
        _ parts: [(ContextSourceRegistration, Entity)],
        with local: Entity? = nil,
        claims: [ContextSourceRegistration] = []
    ) -> Entity? {
        EntityParts(parts.map { SourcePart($1, of: $0) })
            .merged(with: local, claims: ClaimIndex(claims), at: Sample.now)
    }

    private func speed(_ entity: Entity?) -> [JSONValue] {
        (entity?[Sample.iri("speed")] ?? []).map(\.value)
    }

    private static let first = Sample.registration("urn:r:1")
    private static let second = Sample.registration("urn:r:2")

    @Test(arguments: [
        (
            "a later observation counts", Sample.value(1, observed: 5),
            Sample.value(2, observed: 9), 2
        ),
        (
            "an observation counts more than a change",
            Sample.value(1, observed: 5, modified: 6), Sample.value(2, modified: 9), 1
        ),
        ("a later change counts", Sample.value(1, modified: 5), Sample.value(2, modified: 9), 2),
        (
            "of one observation the later change counts",
            Sample.value(1, observed: 5, modified: 9), Sample.value(2, observed: 5, modified: 8), 1
        ),
        (
            "what has expired does not count", Sample.value(1, observed: 9, expires: 10),
            Sample.value(2), 2
        ),
        ("of equal ones the first counts", Sample.value(1), Sample.value(2), 1),
    ])
    func `of two instances one counts`(
        what: String,
        a: Attribute,
        b: Attribute,
        winner: Int
    ) {
        let (one, two) = (Sample.entity([("speed", a)]), Sample.entity([("speed", b)]))
        let whole = merged([(Self.first, one), (Self.second, two)])
        #expect(speed(whole) == [.number(JSONNumber(winner))], "\(what)")
        // Whoever is asked first does not matter, but for what the standard leaves open.
        if what != "of equal ones the first counts" {
            let other = merged([(Self.first, two), (Self.second, one)])
            #expect(speed(other) == [.number(JSONNumber(winner))], "\(what)")
        }
    }

    @Test func `instances of different datasets stand side by side`() {
        let one = Sample.entity([("speed", Sample.value(1))])
        let two = Sample.entity([("speed", Sample.value(2, dataset: "urn:d:1"))])
        #expect(speed(merged([(Self.first, one)], with: two)) == [2, 1])
    }

    @Test func `an auxiliary source adds what nobody else has`() {
        let auxiliary = Sample.registration("urn:r:3", .auxiliary)
        let extra = Sample.entity([
            ("speed", Sample.value(9, observed: 99)), ("name", Sample.value("seven")),
        ])
        let whole = merged(
            [(auxiliary, extra)],
            with: Sample.entity([("speed", Sample.value(1))])
        )
        #expect(speed(whole) == [1])
        #expect(whole?[Sample.iri("name")].map(\.value) == ["seven"])
    }

    @Test func `what one source alone has comes from nowhere else`() {
        let exclusive = Sample.registration(
            "urn:r:3",
            .exclusive,
            about: [Sample.info(types: ["Bus"], id: "urn:x:1", attributes: ["speed"])]
        )
        let local = Sample.entity([
            ("speed", Sample.value(1, observed: 99)), ("name", Sample.value("seven")),
        ])
        let remote = Sample.entity([("speed", Sample.value(2))])
        let inclusive = Sample.entity([("speed", Sample.value(3, observed: 999))])
        let whole = merged(
            [(Self.first, inclusive), (exclusive, remote)],
            with: local,
            claims: [exclusive]
        )
        #expect(speed(whole) == [2])
        #expect(whole?[Sample.iri("name")].map(\.value) == ["seven"])
        // It is missing while the source is.
        let without = merged([(Self.first, inclusive)], with: local, claims: [exclusive])
        #expect(speed(without) == [])
    }

    @Test func `a redirected entity has no part here, and several sources may have it`() {
        let redirect = Sample.registration("urn:r:3", .redirect)
        let other = Sample.registration("urn:r:4", .redirect)
        let whole = merged(
            [
                (redirect, Sample.entity([("speed", Sample.value(2, modified: 1))])),
                (other, Sample.entity([("speed", Sample.value(3, modified: 2))])),
            ],
            with: Sample.entity([("speed", Sample.value(1, modified: 9))]),
            claims: [redirect, other]
        )
        #expect(speed(whole) == [3])
    }

    @Test(.clause("4.22")) func `an entity ends with its last version, and attributes with theirs`()
    {
        var one = Sample.entity([("speed", Sample.value(1, observed: 9))])
        one.expiresAt = Sample.moment(2_000)
        var two = Sample.entity([("name", Sample.value("seven"))])
        #expect(merged([(Self.first, one)], with: two)?.expiresAt == nil)
        let part = merged([(Self.first, one)], with: two)?[Sample.iri("speed")].first
        #expect(part?.details?.expiresAt == Sample.moment(2_000))
        two.expiresAt = Sample.moment(3_000)
        #expect(merged([(Self.first, one)], with: two)?.expiresAt == Sample.moment(3_000))
        two.expiresAt = Sample.moment(900)
        #expect(merged([(Self.first, one)], with: two)?[Sample.iri("name")] == [])
        one.expiresAt = Sample.moment(900)
        #expect(merged([(Self.first, one)], with: two) == nil)
    }

    @Test func `a random entity split over five sources is whole again`() {
        var random = SeededGenerator(seed: Soak.seed)
        for _ in 0..<200 * Soak.factor {
            let whole = Self.entity(&random)
            var parts = (0..<5).map { index in
                (
                    Sample.registration("urn:r:\(index)"),
                    Entity(id: whole.id, types: [], createdAt: whole.createdAt)
                )
            }
            for type in whole.types {
                let place = Int.random(in: 0..<5, using: &random)
                parts[place].1.types.append(type)
            }
            for named in whole.attributes {
                for instance in named.instances {
                    Self.scatter(instance, named.name, &parts, &random)
                }
            }
            let found = merged(parts.shuffled(using: &random))
            #expect(Self.sorted(found) == Self.sorted(whole), "seed \(Soak.seed)")
        }
    }

    /// The number of steps must not be that of all pairs: that would take minutes.
    @Test(.timeLimit(.minutes(1))) func `long parts are joined in few steps`() {
        let count = 60_000
        var long = Sample.entity()
        long.types += (0..<count).map { Sample.iri("T\($0)") }
        long.scopes = (0..<count).map { "/S\($0)" }
        let instances = (0..<count).map { Sample.value(1, dataset: "urn:d:\($0)") }
        long.attributes = [NamedAttribute(name: Sample.iri("speed"), instances: instances)]
        long.attributes += (0..<count).map {
            NamedAttribute(name: Sample.iri("a\($0)"), instances: [Sample.value(1)])
        }
        let exclusive = (0..<count).map { number in
            Sample.registration(
                "urn:r:e\(number)",
                .exclusive,
                about: [Sample.info(types: ["Bus"], id: "urn:x:1", attributes: ["b\(number)"])]
            )
        }
        let whole = merged([(Self.first, long), (Self.second, long)], claims: exclusive)
        #expect(whole?.types.count == count + 1 && whole?.scopes.count == count)
        #expect(whole?[Sample.iri("speed")].count == count)
        #expect(whole?.attributes.count == count + 1)
    }

    /// Gives the instance to one source, and an older one of the same dataset to another.
    private static func scatter(
        _ instance: Attribute,
        _ name: IRI,
        _ parts: inout [(ContextSourceRegistration, Entity)],
        _ random: inout SeededGenerator
    ) {
        var places = Array(0..<5)
        places.shuffle(using: &random)
        var old = instance
        old.value = "old"
        if let observed = instance.observedAt {
            old.observedAt = Timestamp(microseconds: observed.microseconds - 1)
        } else {
            old.modifiedAt = instance.modifiedAt.map {
                Timestamp(microseconds: $0.microseconds - 1)
            }
        }
        for (place, instance) in zip(places, [instance, old]) {
            let attributes = parts[place].1.attributes
            if let known = attributes.firstIndex(where: { $0.name == name }) {
                parts[place].1.attributes[known].instances.append(instance)
            } else {
                parts[place].1.attributes.append(NamedAttribute(name: name, instances: [instance]))
            }
        }
    }

    private static func entity(_ random: inout SeededGenerator) -> Entity {
        var attributes: [(String, Attribute)] = []
        for name in ["speed", "name", "heading", "load"] where Bool.random(using: &random) {
            for dataset in [nil, "urn:d:1", "urn:d:2"] where Bool.random(using: &random) {
                let value = Sample.value(
                    .number(JSONNumber(Int.random(in: 0..<9, using: &random))),
                    dataset: dataset,
                    observed: Bool.random(using: &random)
                        ? Int64.random(in: 1..<9, using: &random) : nil,
                    modified: Int64.random(in: 1..<9, using: &random)
                )
                attributes.append((name, value))
            }
        }
        return Sample.entity(attributes, types: ["Bus", "Thing"])
    }

    private static func sorted(_ entity: Entity?) -> Entity? {
        guard var entity else { return nil }
        entity.types.sort { $0.text < $1.text }
        entity.attributes.sort { $0.name.text < $1.name.text }
        for place in entity.attributes.indices {
            entity.attributes[place].instances.sort {
                ($0.datasetID ?? "") < ($1.datasetID ?? "")
            }
        }
        return entity
    }
}
