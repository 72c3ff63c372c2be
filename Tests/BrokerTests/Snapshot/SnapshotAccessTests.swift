import Clauses
import ContextModel
import Foundation
import Governance
import Logging
import Storage
import StorageSQLite
import Testing

@testable import Broker

@Suite struct SnapshotAccessTests {
    private typealias Fixture = SubscriptionFixture

    @Test func `another party's snapshot does not exist in any operation`() async throws {
        let fixture = try await Fixture.mapped(Fixture.sharedPolicy)
        try await fixture.snapshot(caller: Fixture.office)
        let id = "urn:x:snapshot"
        for other in [Fixture.boss, Caller(party: .anonymous)] {
            #expect(throws: BrokerError(.resourceNotFound, "")) { try fixture.on(id, other) }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await fixture.status(id, caller: other)
            }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await fixture.hub.snapshotting.updateSnapshotStatus(
                    id,
                    [:],
                    ld: .core,
                    caller: other
                )
            }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await fixture.hub.snapshotting.cloneSnapshot(id, [:], ld: .core, caller: other)
            }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await fixture.hub.snapshotting.deleteSnapshot(id, caller: other)
            }
            await #expect(throws: BrokerError(.resourceNotFound, "")) {
                try await fixture.hub.snapshotting.purgeSnapshots(
                    where: "snapshotPriority>0",
                    caller: other
                )
            }
        }
        #expect(try await fixture.ids(fixture.on(id, Fixture.office)).count == 3)
    }

    @Test func `the snapshots of a tenant are not in another`() async throws {
        let fixture = try await Fixture.mapped()
        let north = Caller(party: .operator, tenant: TenantName("north"))
        try await fixture.make(["id": "urn:x:north", "type": "Bus"], caller: north)
        try await fixture.snapshot(caller: north)
        #expect(throws: BrokerError(.resourceNotFound, "")) { try fixture.on() }
        let inside = try fixture.on("urn:x:snapshot", north)
        #expect(try await fixture.ids(inside) == ["urn:x:north"])
        let origin = SnapshotOrigin(tenant: TenantName("north"), id: "urn:x:snapshot")
        #expect(inside.tenant?.snapshot == origin)
    }

    @Test(.clause("5.16.5"))
    func `a deleted snapshot is removed with its file, its subscriptions and its writers`()
        async throws
    {
        let fixture = try await Fixture.mapped(onDisk: true)
        try await fixture.snapshot()
        let inside = try fixture.on()
        try await fixture.subscribe(caller: inside)
        try await fixture.hub.snapshotting.deleteSnapshot("urn:x:snapshot", caller: Fixture.boss)
        #expect(try await fixture.snapshotFiles == 0)
        #expect(fixture.hub.subscriptions.keys.allSatisfy { $0.tenant != inside.tenant })
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.make(["id": "urn:x:late", "type": "Bus"], caller: inside)
        }
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.ids(inside)
        }
        #expect(try await fixture.snapshotFiles == 0)
        try await fixture.snapshot()
        #expect(try await fixture.ids(fixture.on()).count == 5)
    }

    @Test func `a snapshot deleted while it waits is not filled`() async throws {
        let fixture = try await Fixture.mapped(onDisk: true)
        try await fixture.snapshot(isMade: false)
        try await fixture.hub.snapshotting.deleteSnapshot("urn:x:snapshot", caller: Fixture.boss)
        await fixture.maker.turn()
        #expect(try await fixture.snapshotFiles == 0)
        await #expect(throws: BrokerError(.resourceNotFound, "")) { try await fixture.status() }
    }

    @Test(.clause("5.16.7")) func `a purge removes what its query finds, of its party alone`()
        async throws
    {
        let fixture = try await Fixture.mapped(Fixture.sharedPolicy)
        try await fixture.snapshot("urn:x:low", ["snapshotPriority": 2])
        try await fixture.snapshot("urn:x:high", ["snapshotPriority": 9])
        try await fixture.snapshot("urn:x:low", ["snapshotPriority": 2], caller: Fixture.office)
        for q in ["speed>1", "snapshotPriority>", "scope==1"] {
            await #expect(throws: BrokerError(.badRequestData, "")) {
                try await fixture.hub.snapshotting.purgeSnapshots(where: q, caller: Fixture.boss)
            }
        }
        try await fixture.hub.snapshotting.purgeSnapshots(
            where: "snapshotPriority<5;snapshotStatus==\"success\"",
            caller: Fixture.boss
        )
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.status("urn:x:low")
        }
        #expect(try await fixture.status("urn:x:high")["snapshotPriority"] == 9)
        #expect(try await fixture.status("urn:x:low", caller: Fixture.office).isEmpty == false)
        await #expect(throws: BrokerError(.resourceNotFound, "")) {
            try await fixture.hub.snapshotting.purgeSnapshots(
                where: "snapshotPriority<5",
                caller: Fixture.boss
            )
        }
    }

    @Test(.clause("5.16.4")) func `an update changes permitted members, and the expiry`()
        async throws
    {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot()
        let before = try await fixture.status()
        let (after, _) = try await fixture.hub.snapshotting.updateSnapshotStatus(
            "urn:x:snapshot",
            [
                "type": "Snapshot", "snapshotPriority": 2, "snapshotLifetime": "P2D",
                "snapshotStatus": "failure",
            ],
            ld: .core,
            caller: Fixture.boss
        )
        #expect(after["snapshotPriority"] == 2 && after["snapshotStatus"] == "success")
        #expect(after["expiresAt"]?.stringValue ?? "" > before["expiresAt"]?.stringValue ?? "")
        for fragment: JSONValue in [
            ["snapshotQueries": []], ["id": "urn:x:other"], ["snapshotPriority": 0],
        ] {
            await #expect(throws: BrokerError(.badRequestData, "")) {
                try await fixture.hub.snapshotting.updateSnapshotStatus(
                    "urn:x:snapshot",
                    fragment,
                    ld: .core,
                    caller: Fixture.boss
                )
            }
        }
        #expect(try await fixture.status() == after)
    }

    @Test func `an endless lifetime is the longest that the hub allows`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot()
        let (after, _) = try await fixture.hub.snapshotting.updateSnapshotStatus(
            "urn:x:snapshot",
            ["type": "Snapshot", "snapshotLifetime": "P999999YT1S"],
            ld: .core,
            caller: Fixture.boss
        )
        let expiry = try #require(after["expiresAt"]?.stringValue.flatMap { Timestamp($0) })
        let seconds = (expiry.microseconds - fixture.hub.clock().microseconds) / 1_000_000
        #expect(seconds <= Int64(HubLimits().maximumSnapshotSeconds))
        #expect(seconds > Int64(HubLimits().maximumSnapshotSeconds) - 60)
    }

    @Test(.clause("5.16.2")) func `a clone is an independent snapshot`() async throws {
        let fixture = try await Fixture.mapped()
        try await fixture.snapshot(temporal: [Fixture.allMoments])
        try await fixture.set(speed: 70, of: "urn:x:1", fixture.on())
        let clone = try await fixture.hub.snapshotting.cloneSnapshot(
            "urn:x:snapshot",
            ["type": "Snapshot", "snapshotPriority": 9],
            ld: .core,
            caller: Fixture.boss
        )
        await fixture.maker.turn()
        let status = try await fixture.status(clone)
        #expect(status["snapshotStatus"] == "success" && status["snapshotPriority"] == 9)
        #expect(status["snapshotQueriesDetails"] == [["resultStatus": "success"]])
        try await fixture.hub.snapshotting.deleteSnapshot("urn:x:snapshot", caller: Fixture.boss)
        let inside = try fixture.on(clone)
        #expect(try await fixture.speed(of: "urn:x:1", inside) == 70)
        let page = try await fixture.hub.reading.queryEvolutions(Fixture.allMoments, caller: inside)
        #expect(page.evolutions.count == 5)
        await #expect(throws: BrokerError(.alreadyExists, "")) {
            try await fixture.hub.snapshotting.cloneSnapshot(
                clone,
                ["id": .string(clone)],
                ld: .core,
                caller: Fixture.boss
            )
        }
    }

    @Test func `a restart keeps filled snapshots, fails unfinished ones and removes strays`()
        async throws
    {
        let fixture = try await Fixture.mapped(onDisk: true)
        try await fixture.snapshot("urn:x:made")
        try await fixture.snapshot("urn:x:half", isMade: false)
        await fixture.store.close()
        let stray = fixture.folder + "/snapshots/~stray.sqlite"
        #expect(FileManager.default.createFile(atPath: stray, contents: Data("x".utf8)))
        let hub = try await fixture.restarted()
        #expect(!FileManager.default.fileExists(atPath: stray))
        let made = try hub.snapshotting.snapshotStore("urn:x:made", caller: Fixture.boss)
        let inside = Caller(party: .operator, tenant: made)
        let page = try await hub.reading.queryEntities(Fixture.buses, caller: inside).page
        #expect(page.entities.count == 5)
        let half = try await hub.snapshotting.retrieveSnapshotStatus(
            "urn:x:half",
            caller: Fixture.boss
        ).status
        #expect(half["snapshotStatus"] == "failure")
        let details = half["snapshotQueriesDetails"]?.arrayValue?.first?.objectValue
        #expect(details?["resultStatus"] == "failure")
        await hub.store.close()
    }
}

extension SubscriptionFixture {
    /// A hub that starts on the data of this one, which is closed.
    fileprivate func restarted() async throws -> Hub {
        let clock = hub.clock
        let store = try SQLiteStore(folder: folder, clock: clock.now)
        let restarted = Hub(
            store: store,
            policy: hub.access.policy,
            contextSource: NoContexts(),
            publicURL: "http://hub.example",
            identity: hub.identity,
            clock: clock,
            makeIdentifier: hub.makeIdentifier,
            logger: hub.logger
        )
        try await restarted.snapshotting.loadSnapshots()
        return restarted
    }
}
