import ContextModel
import Foundation
import Governance
import Storage
import Testing

@testable import Broker

/// Snapshots of the buses of `mapped`.
extension SubscriptionFixture {
    static let busQuery = SnapshotQuery(buses, shownAs: Representation())
    static let office = Caller(party: .named(PartyID("office")))

    /// Two parties, of which the office sees fast buses alone, without their colour.
    static var sharedPolicy: Policy {
        get throws {
            let fast = try QParser(expansion: LDContext.core).parse("speed>2")
            return Policy(permissions: [rule("office", fast, hidden: [iri("colour")])])
        }
    }

    var maker: SnapshotMaker { SnapshotMaker(hub.snapshotting, sender: recorder) }

    /// Orders a snapshot, and fills it unless it is to wait.
    @discardableResult
    func snapshot(
        _ id: String = "urn:x:snapshot",
        _ members: JSONObject = [:],
        _ queries: [SnapshotQuery] = [SubscriptionFixture.busQuery],
        temporal: [TemporalQuery] = [],
        isMade: Bool = true,
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> String {
        var body = members
        body["id"] = .string(id)
        body["type"] = "Snapshot"
        if !queries.isEmpty { body["snapshotQueries"] = [["type": "Query"]] }
        if !temporal.isEmpty { body["snapshotTemporalQueries"] = [["type": "Query"]] }
        let made = try await hub.snapshotting.createSnapshot(
            .object(body),
            queries,
            temporal: temporal,
            ld: .core,
            caller: caller
        )
        if isMade { await maker.turn() }
        return made
    }

    func status(
        _ id: String = "urn:x:snapshot",
        caller: Caller = SubscriptionFixture.boss
    ) async throws -> JSONObject {
        try await hub.snapshotting.retrieveSnapshotStatus(id, caller: caller).status
    }

    /// The caller of a request on the snapshot.
    func on(
        _ id: String = "urn:x:snapshot",
        _ caller: Caller = SubscriptionFixture.boss
    ) throws -> Caller {
        var caller = caller
        caller.tenant = try hub.snapshotting.snapshotStore(id, caller: caller)
        return caller
    }

    func ids(_ caller: Caller) async throws -> [String] {
        let all = EntityQuery(condition: .everything, limit: 100)
        let page = try await hub.reading.queryEntities(all, caller: caller).page
        return try page.decoded().entities.map(\.id.uri)
    }

    func set(speed: Int, of id: String, _ caller: Caller = SubscriptionFixture.boss) async throws {
        _ = try await hub.writing.updateAttributes(
            of: EntityID(id),
            ["speed": .number(JSONNumber(speed))],
            ld: .core,
            caller: caller
        )
    }

    func speed(of id: String, _ caller: Caller) async throws -> JSONValue? {
        let entity = try await hub.reading.retrieveEntity(EntityID(id), caller: caller).entity
            .decoded()
        return entity[Self.iri("speed")].first?.value
    }

    /// The number of files of snapshots.
    var snapshotFiles: Int {
        get async throws {
            try FileManager.default.contentsOfDirectory(atPath: folder + "/snapshots")
                .count { $0.hasSuffix(".sqlite") }
        }
    }
}
