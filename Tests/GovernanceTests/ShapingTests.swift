import ContextModel
import Testing

@testable import Governance

/// What duties make of values.
@Suite struct ShapingTests {
    private func rounded(_ value: JSONValue, _ step: String) throws -> JSONValue? {
        let step = try #require(JSONNumber(step).flatMap { RoundingStep($0) })
        return Shaping.round(step).shape(Attribute(kind: .property, value: value))?.value
    }

    private func number(_ literal: String) throws -> JSONValue {
        .number(try #require(JSONNumber(literal)))
    }

    /// Whether the attribute is there for a writer, when its values are shaped for readers.
    private func isHidden(fromWriterOf name: IRI, _ shaping: Shaping) throws -> Bool {
        let all = Permission(assignee: .anyone, actions: [.read, .write], target: .everything)
        let shaped = Prohibition(
            assignee: .anyone,
            target: .type(IRI("urn:Bus")),
            attributes: [name],
            shaping: shaping
        )
        let policy = Policy(permissions: [all], prohibitions: [shaped])
        let decision = policy.decideWrite(Caller(party: .named(PartyID("depot"))))
        guard case .grant(let grant) = decision else {
            Issue.record("it may not write")
            return true
        }
        return grant.hidden.elements.contains { $0.names.contains(name) }
    }

    /// The answer to a write would tell whether what is delayed is there.
    @Test func `what is delayed is hidden from writers, and what is rounded is not`() throws {
        let speed = IRI("urn:speed")
        #expect(try isHidden(fromWriterOf: speed, .delay(microseconds: 60_000_000)))
        let step = try #require(RoundingStep(JSONNumber(10)))
        #expect(try !isHidden(fromWriterOf: speed, .round(step)))
        #expect(try !isHidden(fromWriterOf: speed, .coarsen(.metres(100))))
    }

    @Test(arguments: [
        ("51.3", "10", "50"), ("55", "10", "60"), ("-51.3", "10", "-50"), ("0.3", "10", "0"),
        ("51.3", "0.5", "51.5"), ("0.1", "0.1", "0.1"), ("0.30000000000000004", "0.1", "0.3"),
        ("1e2", "30", "90"), ("123456789", "1000", "123457000"), ("7", "2.50", "7.5"),
        ("-0.04", "0.1", "0"),
    ])
    func `a number becomes the nearest multiple of the step`(
        value: String,
        step: String,
        expected: String
    ) throws {
        let found = try rounded(try number(value), step)
        #expect(found?.numberValue?.literal == expected)
        // What was rounded stays so: copies are shaped again when they are read.
        #expect(try rounded(try #require(found), step) == found)
    }

    @Test func `what is no number, or cannot be rounded exactly, is left out`() throws {
        for value: JSONValue in ["51.3", true, [51], ["a": 1], .null] {
            #expect(try rounded(value, "10") == nil)
        }
        #expect(try rounded(try number("1e300"), "10") == nil)
        #expect(try rounded(try number("1e999"), "10") == nil)
        #expect(try rounded(try number("9e15"), "0.1") == nil)
        let step = try #require(RoundingStep(JSONNumber(10)))
        let relationship = Attribute(kind: .relationship, value: 51)
        #expect(Shaping.round(step).shape(relationship) == nil)
    }

    @Test(arguments: ["0", "-1", "1e3", "0.0000000001", "99999999999999999999"])
    func `a step that no multiples can be written of is none`(step: String) throws {
        let number = try #require(JSONNumber(step))
        #expect(RoundingStep(number) == nil)
    }

    @Test func `a shaped value has no part that might tell the value as it is`() throws {
        var instance = Attribute(
            kind: .property,
            value: 51,
            datasetID: "urn:d",
            observedAt: Timestamp(microseconds: 7),
            unitCode: "KMH"
        )
        instance.attributes = [
            NamedAttribute(
                name: IRI("urn:raw"),
                instances: [Attribute(kind: .property, value: 51.3)]
            )
        ]
        instance.details = AttributeDetails(
            instanceID: "urn:i",
            previousValue: 49,
            proof: ["value": 51]
        )
        let step = try #require(RoundingStep(JSONNumber(10)))
        let shaped = try #require(Shaping.round(step).shape(instance))
        var expected = instance
        expected.value = 50
        expected.attributes = []
        expected.details = AttributeDetails(instanceID: "urn:i")
        #expect(shaped == expected)
    }

    private func place(_ x: Double, _ y: Double) -> Attribute {
        let coordinates: JSONValue = [.number(JSONNumber(x)), .number(JSONNumber(y)), 12]
        return Attribute(
            kind: .geoProperty,
            value: ["type": "Point", "coordinates": coordinates]
        )
    }

    private func coordinates(_ value: JSONValue?) -> [Double] {
        (value?.objectValue?["coordinates"]?.arrayValue ?? []).compactMap {
            $0.numberValue?.doubleValue
        }
    }

    @Test(arguments: [10, 500, 20_000, 1_000_000])
    func `a place is moved to a centre that is half a cell away at most`(metres: Int) throws {
        let shaping = Shaping.coarsen(.metres(metres))
        var cells: Set<JSONValue> = []
        for step in -89...89 {
            let (x, y) = (Double(step) * 2.013, Double(step) * 0.998)
            let found = try #require(shaping.shape(place(x, y)))
            let moved = coordinates(found.value)
            #expect(moved.count == 2, "the height is gone")
            let north = abs(moved[1] - y) * 111_194.926_6
            // Near a pole a cell goes round the earth.
            let east = min(abs(moved[0] - x), 360) * 111_194.926_6 * cosine(moved[1])
            #expect(north <= Double(metres) * 0.501 + 1, "\(x) \(y) \(moved)")
            #expect(east <= Double(metres) * 0.501 + 1, "\(x) \(y) \(moved)")
            #expect(shaping.shape(found) == found, "it is moved once")
            cells.insert(found.value)
        }
        #expect(metres > 500_000 || cells.count > 100)
    }

    private func cosine(_ degrees: Double) -> Double {
        // By halves of the angle, to check the series of the grid by another way.
        let half = degrees * .pi / 360
        var (sine, power) = (half, half)
        for number in 1...10 {
            power *= -half * half / Double(2 * number * (2 * number + 1))
            sine += power
        }
        return 1 - 2 * sine * sine
    }

    @Test func `decimals are cut by rounding, and other geometries are left out`() throws {
        let shaped = Shaping.coarsen(.decimals(2)).shape(place(98.3923, 7.8804))
        #expect(
            shaped?.value == ["type": "Point", "coordinates": [98.39, 7.88]]
        )
        let line = Attribute(
            kind: .geoProperty,
            value: ["type": "LineString", "coordinates": [[1, 1], [2, 2]]]
        )
        #expect(Shaping.coarsen(.decimals(2)).shape(line) == nil)
        #expect(Shaping.coarsen(.decimals(2)).shape(Attribute(kind: .property, value: 1)) == nil)
    }
}
