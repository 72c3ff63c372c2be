import ContextModel
import Governance
import Storage
import Testing

@testable import StorageSQLite

/// The names that a condition needs select the shapes that it can hold for.
@Suite struct ShapeVerdictTests {
    private let folder = Folder()

    /// A vocabulary of the names `urn:0` to `urn:11` and random shapes of them.
    private func vocabulary(_ dice: inout SeededDice) async throws -> Vocabulary {
        var vocabulary = try await empty()
        for number in 0..<12 { vocabulary.add(.name("urn:\(number)"), number: Int64(number + 1)) }
        for number in 0..<60 {
            let names = (1...12).filter { _ in Int.random(in: 0..<4, using: &dice) == 0 }
            let types = names.prefix(1).map(Int64.init)
            let members = names.dropFirst().map { Shape.Member(name: Int64($0), kinds: 1) }
            let hasScopes = Bool.random(using: &dice)
            let shape = Shape(types: types, members: members, hasScopes: hasScopes)
            guard vocabulary.shapeNumbers[shape] == nil else { continue }
            vocabulary.add(.shape(shape), number: Int64(number + 1))
        }
        for number in vocabulary.shapes.keys where number % 5 == 0 {
            guard let shape = vocabulary.shapes[number] else { continue }
            vocabulary.remove(.shape(shape), number: number)
        }
        return vocabulary
    }

    private func empty() async throws -> Vocabulary {
        let store = try SQLiteStore(folder: folder.path) { seconds(0) }
        await store.close()
        return try Vocabulary(Connection(path: "\(folder.path)/hub.sqlite", access: .readOnly))
    }

    private static func condition(_ dice: inout SeededDice, depth: Int = 0) -> Condition {
        let name = IRI("urn:\(Int.random(in: 0..<14, using: &dice))")
        func parts() -> [Condition] {
            (0..<Int.random(in: 0...3, using: &dice)).map { _ in
                condition(&dice, depth: depth + 1)
            }
        }
        switch Int.random(in: 0..<(depth < 3 ? 10 : 6), using: &dice) {
        case 0, 1: return .type(name)
        case 2: return .attribute(name)
        case 3:
            let path = AttributePath(names: [name])
            return .value(ValueTest(path: path, comparison: .less(.number(5))))
        case 4: return Bool.random(using: &dice) ? .everything : .nothing
        case 5: return .ids([EntityID("urn:x")])
        case 6: return .not(condition(&dice, depth: depth + 1))
        case 7, 8: return .all(parts())
        default: return .any(parts())
        }
    }

    @Test(arguments: 0..<10)
    func `no shape for which a condition can hold is left out`(seed: UInt64) async throws {
        var dice = SeededDice(seed)
        let vocabulary = try await vocabulary(&dice)
        var narrowed = 0
        for _ in 0..<300 {
            let condition = Self.condition(&dice)
            for namesAreKnown in [true, false] {
                var found: Set<Int64> = []
                condition.eachCandidateShape(vocabulary, namesAreKnown: namesAreKnown) {
                    number,
                    _ in found.insert(number)
                }
                let possible = vocabulary.shapes.filter {
                    condition.verdict($1, vocabulary, namesAreKnown: namesAreKnown) != .none
                }.keys
                #expect(found.isSuperset(of: possible), "\(condition)")
                if found.count < vocabulary.shapes.count { narrowed += 1 }
            }
        }
        #expect(narrowed > 100)
    }

    @Test(arguments: 0..<10)
    func `what a shape leaves of a condition decides as the whole does`(seed: UInt64) async throws {
        var dice = SeededDice(seed)
        let vocabulary = try await vocabulary(&dice)
        var decided = 0
        for _ in 0..<300 {
            let condition = Self.condition(&dice)
            for shape in vocabulary.shapes.values {
                let number = Int.random(in: 0..<10, using: &dice)
                let entity = Self.entity(shape, number, vocabulary)
                let rest = condition.remainder(shape, vocabulary)
                #expect(rest.matches(entity) == condition.matches(entity), "\(condition)")
                #expect(rest.size <= condition.size)
                if rest == .everything || rest == .nothing { decided += 1 }
            }
        }
        #expect(decided > 100)
    }

    /// A condition on what entities are, as rules that hide or shape have it.
    private static func kind(_ dice: inout SeededDice) -> Condition {
        func type() -> Condition { .type(IRI("urn:\(Int.random(in: 0..<14, using: &dice))")) }
        switch Int.random(in: 0..<5, using: &dice) {
        case 0: return .everything
        case 1: return .ids([EntityID("urn:x")])
        case 2: return .not(type())
        case 3: return .any([type(), type()])
        default: return type()
        }
    }

    private static func prohibitions(_ dice: inout SeededDice) throws -> [Prohibition] {
        let step = try #require(RoundingStep(JSONNumber(10)))
        let shapings: [Shaping?] = [nil, nil, .round(step), .delay(microseconds: 5)]
        return (0..<Int.random(in: 0...4, using: &dice)).map { _ in
            Prohibition(
                assignee: .anyone,
                target: kind(&dice),
                attributes: [IRI("urn:\(Int.random(in: 0..<12, using: &dice))")],
                shaping: shapings.randomElement(using: &dice) ?? nil
            )
        }
    }

    @Test(arguments: 0..<10)
    func `what a shape decides about a grant shows what the grant shows`(seed: UInt64) async throws
    {
        var dice = SeededDice(seed)
        let vocabulary = try await vocabulary(&dice)
        var (decided, shaped) = (0, 0)
        for _ in 0..<100 {
            let grant = try Grants.read(
                Self.condition(&dice),
                prohibiting: Self.prohibitions(&dice)
            )
            for (number, shape) in vocabulary.shapes {
                let value = Int.random(in: 0..<100, using: &dice)
                let entity = Self.entity(shape, value, vocabulary)
                let verdict = try #require(vocabulary.decide(grant, forShape: number))
                let isCovered = verdict.condition.matches(entity)
                #expect(isCovered == grant.covers(entity))
                guard isCovered else { continue }
                let whole = try grant.encode(entity).value()
                if !grant.hidden.shaping(in: entity).values.isEmpty { shaped += 1 }
                guard let hidden = verdict.hidden else { continue }
                decided += 1
                let bytes = EntityCodec.encode(entity)
                #expect(try EncodedEntity(bytes, hiding: hidden).value() == whole)
            }
        }
        #expect(decided > 100 && shaped > 100)
    }

    private static func entity(_ shape: Shape, _ number: Int, _ vocabulary: Vocabulary) -> Entity {
        var entity = Entity(
            id: EntityID(number.isMultiple(of: 2) ? "urn:x" : "urn:y"),
            types: shape.types.map(vocabulary.iri)
        )
        entity.attributes = shape.members.map { member in
            NamedAttribute(
                name: vocabulary.iri(member.name),
                instances: [Attribute(kind: .property, value: .number(JSONNumber(number % 10)))]
            )
        }
        if shape.hasScopes { entity.scopes = ["/A"] }
        return entity
    }

    @Test func `shapes that others use cost a query nothing`() async throws {
        var vocabulary = try await empty()
        for number in Int64(1)...20_000 {
            vocabulary.add(.name("urn:\(number)"), number: number)
            let shape = Shape(types: [number], members: [], hasScopes: false)
            vocabulary.add(.shape(shape), number: number)
        }
        func plan(_ condition: Condition) throws -> [Int64: Bool] {
            let budget = DecisionBudget(steps: 500)
            return try EntityPlan(
                condition,
                vocabulary: vocabulary,
                now: seconds(0),
                budget: budget
            ).shapes
        }
        let own = Condition.type(IRI("urn:7"))
        #expect(try plan(own) == [7: true])
        #expect(try plan(.all([own, .not(.type(IRI("urn:8")))])) == [7: true])
        #expect(try plan(.any([own, .type(IRI("urn:9"))])) == [7: true, 9: true])
        #expect(try plan(.type(IRI("urn:none"))) == [:])
    }

    /// Otherwise a few entities of other shapes, each with its own attribute, would make every
    /// query by their type read all entities.
    @Test func `a few entities of many shapes are looked up and not scanned for`()
        async throws
    {
        let store = try SQLiteStore(folder: folder.path) { seconds(0) }
        let tenant = try #require(try await store.makeTenant(nil) as? SQLiteTenantStore)
        let many = Limits.mergedShapes + 10
        let entities = (0..<1_000).map { number in
            number % 10 == 0 && number / 10 < many
                ? Entity(
                    "\(number)",
                    .station,
                    [IRI("urn:x:\(number)"): 1, .speed: .number(JSONNumber(number))]
                )
                : Entity("\(number)", .sensor)
        }
        try await tenant.put(entities)
        for entity in entities {
            try await tenant.append(
                String(entity.id.uri.dropFirst(4)),
                .label,
                [.reading(1, at: 0)]
            )
        }
        let stations = entities.filter { $0.types == [.station] }.map(\.id)
        let reader = try Reader(path: "\(folder.path)/hub.sqlite")
        let plan = try EntityPlan(
            .type(.station),
            vocabulary: tenant.writer.vocabulary.current,
            now: seconds(0),
            budget: nil
        )
        #expect(plan.shapes.count == many)
        var (found, looked) = (try #require(try plan.lookup(reader.connection)), 0)
        while try found.next() != nil { looked += 1 }
        #expect(looked == many)
        // The result is the same with each plan.
        let fast = ValueTest(
            path: AttributePath(names: [.speed]),
            comparison: .greater(.number(500))
        )
        for condition in [Condition.type(.station), .all([.type(.station), .value(fast)])] {
            let expected = entities.filter { condition.matches($0) }.map(\.id)
            let query = EntityQuery(condition: condition, limit: 200)
            let page = try await tenant.entities(query, grant: Grants.read())
            #expect(page.entities.map(\.id) == expected)
            #expect(try await tenant.identifiers(query, grant: Grants.read()) == expected)
            let shapes = try await tenant.shapes(grant: Grants.read(condition))
            #expect(shapes.count == expected.count)
        }
        for grant in [Condition.everything, .type(.station)] {
            let query = TemporalQuery(condition: .type(.station), instanceLimit: 10, limit: 200)
            let page = try await tenant.evolutions(query, grant: Grants.read(grant))
            #expect(page.evolutions.map(\.id) == stations)
        }
        await store.close()
    }

    @Test func `a set of numbers loses removed numbers`() {
        var numbers = NumberSet.empty
        for number in [3, 3, 4, 5] as [Int64] { numbers.insert(number) }
        #expect(numbers.count == 3)
        let isEmpty = [5, 9, 3].map { numbers.remove($0) }
        #expect(isEmpty == [false, false, false] && numbers.count == 1)
        let isEmptyAfterAll = numbers.remove(4)
        #expect(isEmptyAfterAll && numbers.count == 0)
        numbers.insert(8)
        let isOther = numbers.remove(7)
        #expect(!isOther && numbers.count == 1)
    }
}
