import ContextModel
import Storage
import Testing

/// A grant covers parts of the history of an entity that changed its type.
@Suite struct EntityPastTests {
    private static func entity(_ type: IRI) -> Entity { Entity("a", type) }

    private static func covers(_ type: IRI) -> (Entity) -> Bool { { $0.types == [type] } }

    /// A station until 10, a sensor until 20, and then a station.
    private let past = EntityPast(
        [
            EntityPast.State(entity: Self.entity(.station), changesFrom: 10, endsAt: 10),
            EntityPast.State(entity: Self.entity(.sensor), changesFrom: 20, endsAt: 23),
        ],
        current: Self.entity(.station)
    )

    @Test func `each part of the time is visible to those who may see the entity's state then`() {
        let sensors = past.view(Self.covers(.sensor))
        #expect(sensors?.entity.types == [.sensor])
        #expect(sensors?.hidden.ranges == [Int64.min..<10, 20..<Int64.max])
        let stations = past.view(Self.covers(.station))
        #expect(stations?.entity.types == [.station])
        #expect(stations?.hidden.ranges == [10..<23])
        #expect(past.view { _ in true }?.hidden.isEmpty == true)
        #expect(past.view { _ in false } == nil)
    }

    @Test func `a moment that may belong to two states is hidden unless both are visible`() throws {
        let sensors = try #require(past.view(Self.covers(.sensor))).hidden
        let stations = try #require(past.view(Self.covers(.station))).hidden
        #expect([19, 20, 21, 22, 23].map(sensors.contains) == [false, true, true, true, true])
        #expect([19, 20, 21, 22, 23].map(stations.contains) == [true, true, true, true, false])
    }

    @Test func `hidden moments are found among many`() {
        let hidden = HiddenMoments((0..<1_000).map { Int64($0) * 10..<Int64($0) * 10 + 5 })
        #expect((0..<10_000).allSatisfy { hidden.contains(Int64($0)) == ($0 % 10 < 5) })
        #expect(hidden.contains(-1) == false)
        #expect(hidden.covers(20..<25) && !hidden.covers(20..<26) && !hidden.covers(15..<22))
        #expect(HiddenMoments([0..<5, 5..<9, 7..<8]).ranges == [0..<9])
    }
}
