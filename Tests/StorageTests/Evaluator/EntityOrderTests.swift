import ContextModel
import Storage
import Testing

/// Clause 4.23.
@Suite struct EntityOrderTests {
    private func order(
        _ values: [String: JSONValue?],
        by term: OrderTerm
    ) -> [String] {
        let entities = values.sorted { $0.key < $1.key }.map { id, value in
            Entity(id, .sensor, value.map { [.label: $0] } ?? [:])
        }
        return EntityOrder([term]).sorted(entities).map { String($0.id.uri.dropFirst(4)) }
    }

    private func byLabel(_ collation: Collation = .root, isDescending: Bool = false) -> OrderTerm {
        OrderTerm(
            subject: .path(AttributePath(names: [.label])),
            isDescending: isDescending,
            collation: collation
        )
    }

    private let mixed: [String: JSONValue?] = [
        "1number": 7, "2text": "7", "3object": ["a": 1], "4array": [1], "5bool": false,
        "6time": ["@type": "Time", "@value": "10:00:00Z"],
        "7date": ["@type": "Date", "@value": "2026-01-31"],
        "8moment": ["@type": "DateTime", "@value": "2026-01-31T10:00:00Z"],
        "9null": .some(.null), "none": nil,
    ]

    @Test func `kinds of values sort in the order of clause 4_23_2`() {
        let kinds = ["1number", "2text", "3object", "4array", "5bool", "6time", "7date", "8moment"]
        #expect(order(mixed, by: byLabel()) == kinds + ["9null", "none"])
        let reversed = order(mixed, by: byLabel(isDescending: true))
        #expect(reversed == kinds.reversed() + ["9null", "none"])
    }

    @Test func `letters come before accents, and accents before case`() {
        let words: [String: JSONValue?] = [
            "1": "a", "2": "A", "3": "á", "4": "ab", "5": "b", "6": "Z", "0": "1", "-": "_",
        ]
        #expect(order(words, by: byLabel()) == ["-", "0", "1", "2", "3", "4", "5", "6"])
    }

    @Test func `a collation determines which texts differ`() {
        let words: [String: JSONValue?] = ["1": "B", "2": "á", "3": "A", "4": "b"]
        let letters = Collation(strength: .letters)
        #expect(order(words, by: byLabel(letters)) == ["2", "3", "1", "4"])
        let numbers: [String: JSONValue?] = ["1": "bus 10", "2": "bus 9"]
        #expect(order(numbers, by: byLabel()) == ["1", "2"])
        let numeric = Collation(strength: .upperAndLower, isNumeric: true)
        #expect(order(numbers, by: byLabel(numeric)) == ["2", "1"])
    }

    @Test func `sorted by distance, entities without a location are last`() throws {
        let here = try Geometry(type: "Point", coordinates: [8, 40])
        func at(_ latitude: Double) -> Entity {
            Entity(
                "\(latitude)",
                .sensor,
                [.place: ["type": "Point", "coordinates": [8, .number(JSONNumber(latitude))]]]
            )
        }
        let nowhere = Entity("nowhere", .sensor, [.label: 1])
        let term = OrderTerm(subject: .distance(.place, from: here))
        let sorted = EntityOrder([term]).sorted([nowhere, at(43), at(41), at(42)])
        #expect(sorted.map(\.id.uri) == ["urn:41.0", "urn:42.0", "urn:43.0", "urn:nowhere"])
    }

    private let bySpeed = EntityOrder([
        OrderTerm(subject: .path(AttributePath(names: [.speed])), isDescending: true)
    ])

    private func entity(_ number: Int, speed: Int?) -> Entity {
        Entity("\(number)", .sensor, speed.map { [.speed: .number(JSONNumber($0))] } ?? [:])
    }

    @Test(arguments: [0, 1, 7, 50, 200])
    func `the first entities found are the beginning of the whole order`(wanted: Int) {
        // Each speed occurs several times, and every fifth entity has none.
        let entities = (0..<200).map { number in
            entity(number, speed: number % 5 == 0 ? nil : number * 37 % 41)
        }
        var first = FirstEntities<Int>(wanted, by: bySpeed)
        for (number, entity) in entities.enumerated() { first.add(entity, as: number) }
        let all = entities.indices.sorted { a, b in
            let (x, y) = (a % 5 == 0 ? -1 : a * 37 % 41, b % 5 == 0 ? -1 : b * 37 % 41)
            return x == y ? a < b : x > y
        }
        #expect(first.sorted() == Array(all.prefix(wanted)))
    }

    @Test func `a very long text is sorted by within the budget`() {
        let entity = Entity(
            "urn:1",
            .sensor,
            [.label: .string(String(repeating: "a", count: 10_000))]
        )
        let twice = EntityOrder([byLabel(), byLabel(isDescending: true)])
        let budget = DecisionBudget(steps: .max / 2)
        var first = FirstEntities<Int>(1, by: twice)
        first.add(entity, as: 1, within: budget)
        // A repeated key decides nothing and costs nothing.
        #expect((40_000..<80_000).contains(budget.steps))
        let little = DecisionBudget(steps: 1_000)
        first.add(entity, as: 2, within: little)
        #expect(little.isSpent)
    }

    @Test func `the memory for sort keys has a limit`() {
        let text = JSONValue.string(String(repeating: "a", count: 1 << 20))
        let budget = DecisionBudget(steps: .max / 2)
        var first = FirstEntities<Int>(1_000, by: EntityOrder([byLabel()]))
        for number in 0..<64 where !budget.isSpent {
            first.add(Entity("urn:\(number)", .sensor, [.label: text]), as: number, within: budget)
        }
        #expect(budget.isSpent)
    }
}
