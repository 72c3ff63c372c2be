import ContextModel
import Testing

@testable import Collect

/// Optional files of a feed, and the targets of references.
@Suite struct GTFSReferencesTests {
    /// Imports the smallest feed, without optional files; some files are replaced.
    private func imported(
        _ files: [String: String] = [:],
        memory: ImportMemory = ImportMemory()
    ) async throws -> (RecordingHub, ImportTally) {
        let all = Self.smallest.merging(files) { $1 }
        let feed = try GTFSFeed(feed: "f", memory: memory) { file in
            all[file].map { MemoryBytes($0, name: file) }
        }
        let hub = RecordingHub()
        return (hub, try await ImportRun(hub: hub).run(feed))
    }

    private static let smallest = [
        "agency.txt": "agency_name, agency_url, agency_timezone,\nBus Co,http://b,Asia/Bangkok\n",
        "stops.txt": "stop_id, stop_name\na, \"Main St, North\"\nb, South\n",
        "routes.txt": "route_id,route_type\nr,3\n",
        "calendar.txt": "",
        "calendar_dates.txt": "service_id,date,exception_type\nw,20260101,1\n",
        "feed_info.txt": "",
        "trips.txt": "trip_id,route_id,service_id\nt,r,w\nu,r,w\n",
        "stop_times.txt": "trip_id,stop_sequence,stop_id\nt,1,a\n",
        "shapes.txt": "",
    ]

    /// A file of this many rows, each with its number in place of `#`.
    private static func rows(_ header: String, _ count: Int, _ row: String) -> String {
        ([header] + (0..<count).map { row.replacing("#", with: "\($0)") }).joined(separator: "\n")
    }

    @Test func `the memory for a feed has a limit, which counts stops`() async throws {
        let stops = Self.rows("stop_id,stop_name", 1_000, "#,x")
        await #expect(throws: SourceError.self) {
            try await imported(["stops.txt": stops], memory: ImportMemory(maximumBytes: 60_000))
        }
        let (_, whole) = try await imported(["stops.txt": stops])
        #expect(whole.problems == [])
    }

    @Test(arguments: [
        ("trips.txt", "trip_id,route_id,service_id", "#,r,w"),
        ("shapes.txt", "shape_id,shape_pt_sequence,shape_pt_lat,shape_pt_lon", "s,#,1,1"),
        ("calendar_dates.txt", "service_id,date,exception_type", "#,20260101,1"),
    ])
    func `rows beyond the memory limit are reported, and the others load`(
        file: String,
        header: String,
        row: String
    ) async throws {
        let rows = Self.rows(header, 1_000, row)
        let (hub, tally) = try await imported(
            [file: rows],
            memory: ImportMemory(maximumBytes: 60_000)
        )
        #expect(!hub.entities.isEmpty)
        #expect((1..<1_001).contains(tally.failures), "\(tally.failures)")
        #expect(tally.problems.contains { $0.reason.contains("memory") })
        #expect(try await imported([file: rows]).1.failures == 0)
    }

    private func find(_ id: String, _ hub: RecordingHub) -> JSONObject? {
        let found = hub.entities.first { $0.objectValue?["id"]?.stringValue == "urn:ngsi-ld:" + id }
        return found?.objectValue
    }

    private func target(_ name: String, _ entity: JSONObject?) -> String? {
        entity?[name]?.objectValue?["object"]?.stringValue
    }

    /// The references of all entities that lead to no entity.
    private func dangling(_ hub: RecordingHub) -> [String] {
        let ids = Set(hub.ids)
        return hub.entities.compactMap(\.objectValue).flatMap { entity in
            entity.members.compactMap { $0.value.objectValue?["object"]?.stringValue }
        }.filter { !ids.contains($0) }
    }

    @Test func `a feed without optional files loads, and its references have targets`()
        async throws
    {
        let (hub, tally) = try await imported()
        #expect(tally.problems == [] && tally.danglingReferences == 0)
        #expect(dangling(hub) == [])
        let agency = "urn:ngsi-ld:GtfsAgency:f:Bus%20Co"
        #expect(target("operatedBy", find("GtfsRoute:f:r", hub)) == agency)
        #expect(find("GtfsStop:f:a", hub)?["name"]?.objectValue?["value"] == "Main St, North")
    }

    @Test(arguments: [
        "route_id,agency_id\nr,\n", "route_id,agency_id\nr,A\n", "route_id\nr\n",
    ])
    func `routes are operated by the only agency`(routes: String) async throws {
        let (hub, tally) = try await imported([
            "agency.txt": "agency_id,agency_name\nA,Bus Co\n", "routes.txt": routes,
        ])
        #expect(tally.danglingReferences == 0)
        #expect(target("operatedBy", find("GtfsRoute:f:r", hub)) == "urn:ngsi-ld:GtfsAgency:f:A")
    }

    @Test func `of several agencies a route that names none gets none`() async throws {
        let (hub, _) = try await imported(["agency.txt": "agency_id,agency_name\nA,One\nB,Two\n"])
        #expect(find("GtfsRoute:f:r", hub) != nil)
        #expect(target("operatedBy", find("GtfsRoute:f:r", hub)) == nil)
    }

    @Test func `parts of a station or a platform refer to it, in any order`()
        async throws
    {
        let (hub, tally) = try await imported([
            "stops.txt": """
            stop_id,stop_name,location_type,parent_station
            B,Boarding,4,P
            P,Platform,0,S
            E,Entrance,2,S
            N,,3,S
            S,Station,1,
            a,Alone,,
            """,
            "transfers.txt": "from_stop_id,to_stop_id,transfer_type\nS,P,0\nP,S,2\nE,a,3\n",
        ])
        #expect(tally.problems == [] && tally.danglingReferences == 0)
        #expect(dangling(hub) == [])
        let boarding = find("GtfsStop:f:B", hub)
        #expect(target("hasParentStation", boarding) == "urn:ngsi-ld:GtfsStop:f:P")
        let transfer = find("GtfsTransferRule:f:S:P", hub)
        #expect(target("hasOrigin", transfer) == "urn:ngsi-ld:GtfsStation:f:S")
        let entrance = find("GtfsTransferRule:f:E:a", hub)
        #expect(target("hasOrigin", entrance) == "urn:ngsi-ld:GtfsAccessPoint:f:E")
    }

    @Test func `each transfer is a separate rule, by six keys or some of them`() async throws {
        let (hub, tally) = try await imported([
            "transfers.txt": """
            from_stop_id,to_stop_id,from_route_id,to_route_id,from_trip_id,to_trip_id,transfer_type
            a,b,,,,,0
            a,b,r,r,,,1
            a,b,,,t,u,2
            ,,,,t,u,4
            ,,,,u,t,5
            a,b,,,,,3
            ,,,,,,0
            """
        ])
        #expect(
            tally.problems.map(\.description) == [
                "transfers.txt:7, column 1 (from_stop_id): `a, b` was given in an earlier row.",
                "transfers.txt:8: The key is empty.",
            ]
        )
        #expect(hub.ids.filter { $0.contains("Transfer") }.count == 5)
        #expect(find("GtfsTransferRule:f:a:b", hub) != nil)
        let seated = find("GtfsTransferRule:f:::::t:u", hub)
        #expect(target("hasOriginTrip", seated) == "urn:ngsi-ld:GtfsTrip:f:t")
        #expect(seated?["hasOrigin"] == nil && dangling(hub) == [])
    }

    @Test func `references without a target are counted and reported`() async throws {
        let (hub, tally) = try await imported([
            "stops.txt": "stop_id,parent_station,stop_lat,stop_lon\na,X,,\nb,,97,1\n",
            "routes.txt": "route_id,agency_id\nr,Z\n",
            "trips.txt": "trip_id,route_id,service_id,shape_id\nt,q,w,none\nu,r,never,\n",
            "stop_times.txt": "trip_id,stop_sequence,stop_id\nt,1,a\nt,2,b\nv,1,a\n",
            "frequencies.txt": "trip_id,start_time\nv,6:00:00\n",
        ])
        #expect(
            tally.problems.map(\.description) == [
                "stops.txt:3, column 3 (stop_lat): `97` is beyond 90 degrees."
            ]
        )
        #expect(tally.danglingReferences == 8 && dangling(hub).count == 8)
        #expect(
            tally.danglingExamples.first?.description
                == "stops.txt:2, column 2 (parent_station): `hasParentStation` of "
                + "`urn:ngsi-ld:GtfsStop:f:a` leads to `urn:ngsi-ld:GtfsStation:f:X`, "
                + "which the feed does not have."
        )
    }
}
