import ContextModel
import Testing

@testable import CityServices

struct DemoCityTests {
    /// Monday, 23 November 2026, 08:00 in Phuket.
    private let mondayMorning = Timestamp(microseconds: 1_795_395_600_000_000)
    private let city = DemoCity(seed: 7)

    private func later(_ seconds: Int64) -> Timestamp {
        Timestamp(microseconds: mondayMorning.microseconds + seconds * 1_000_000)
    }

    @Test func `the same seed and time give the same city`() {
        #expect(DemoCity(seed: 7).entities(at: mondayMorning) == city.entities(at: mondayMorning))
        #expect(DemoCity(seed: 8).entities(at: mondayMorning) != city.entities(at: mondayMorning))
    }

    @Test func `there are between 150 and 300 devices with unique ids`() {
        let ids = city.entities(at: mondayMorning).compactMap(\.objectValue?["id"]?.stringValue)
        #expect((150...300).contains(ids.count))
        #expect(Set(ids).count == ids.count)
        #expect(city.deviceCount == ids.count)
    }

    @Test func `every entity names its provider and says that it is simulated`() throws {
        for entity in city.entities(at: mondayMorning) {
            let object = try #require(entity.objectValue)
            #expect(object["source"]?.objectValue?["value"] == "simulated")
            #expect(object["dataProvider"]?.objectValue?["value"] == "Balai demo city")
        }
    }

    @Test func `every place lies inside the bounds of the island at any time of day`() throws {
        for hour in 0..<24 {
            for entity in city.entities(at: later(Int64(hour) * 3_600)) {
                let place = try #require(entity.objectValue?["location"]?.objectValue?["value"])
                let numbers = place.objectValue?["coordinates"]?.arrayValue ?? []
                let degrees = numbers.compactMap(\.numberValue?.doubleValue)
                try #require(degrees.count == 2)
                #expect(degrees[0] > Phuket.bounds.west && degrees[0] < Phuket.bounds.east)
                #expect(degrees[1] > Phuket.bounds.south && degrees[1] < Phuket.bounds.north)
            }
        }
    }

    @Test func `applying the changes to an earlier city gives the later one`() throws {
        var state = try byID(city.entities(at: mondayMorning))
        for update in city.changes(since: mondayMorning, until: later(301)) {
            let object = try #require(update.objectValue)
            let id = try #require(object["id"]?.stringValue)
            for member in object.members { state[id]?[member.key] = member.value }
        }
        #expect(try state == byID(city.entities(at: later(301))))
    }

    @Test func `changes of two spans together are the changes of the whole`() {
        let parts =
            city.changes(since: mondayMorning, until: later(17))
            + city.changes(since: later(17), until: later(40))
        #expect(parts == city.changes(since: mondayMorning, until: later(40)))
        #expect(city.changes(since: later(5), until: later(5)).isEmpty)
    }

    @Test func `after a long pause there is a bounded number of reports of a device`() throws {
        let changes = city.changes(since: mondayMorning, until: later(864_000))
        let ids = try changes.map { try #require($0.objectValue?["id"]) }
        let most = Dictionary(grouping: ids) { $0 }.values.map(\.count).max()
        #expect(most == DemoCity.reportLimit)
    }

    @Test func `history has a reading for each step and ends with the present state`() throws {
        let history = try byID(
            city.history(from: later(-86_400), to: mondayMorning, stepSeconds: 900)
        )
        for entity in city.entities(at: mondayMorning) {
            let object = try #require(entity.objectValue)
            let id = try #require(object["id"]?.stringValue)
            let evolution = try #require(history[id])
            for member in evolution.members.dropFirst(2) {
                let instances = try #require(member.value.arrayValue)
                #expect(instances.count == 97)
                #expect(instances.last == object[member.key])
            }
        }
    }

    private func byID(_ entities: [JSONValue]) throws -> [String: JSONObject] {
        try entities.reduce(into: [:]) { result, entity in
            let object = try #require(entity.objectValue)
            result[try #require(object["id"]?.stringValue)] = object
        }
    }
}
