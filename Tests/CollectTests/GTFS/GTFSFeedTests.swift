import ContextModel
import Foundation
import Testing

@testable import Collect

@Suite struct GTFSFeedTests {
    /// A small feed for these tests.
    private static let small = [
        "agency.txt":
            "agency_id,agency_name,agency_url,agency_timezone\nBus Co,Bus,http://b,Asia/Bangkok\n",
        "feed_info.txt":
            "feed_publisher_name,feed_publisher_url,feed_lang\nP,http://p.example,en\n",
        "stops.txt": """
        stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station
        a,Old Town,7.88,98.39,0,
        b,"Beach, North",7.90,98.30,0,S
        S,Station,7.91,98.31,1,
        a,Twice,7.0,98.0,0,
        x,Nowhere,97.0,98.0,0,

        """,
        "routes.txt":
            "route_id,agency_id,route_short_name,route_long_name,route_type\nr,Bus Co,1,One,3\n",
        "trips.txt": "trip_id,route_id,service_id,shape_id\nt,r,week,s\n",
        "stop_times.txt": """
        trip_id,stop_sequence,stop_id,arrival_time,departure_time
        t,1,a,6:00:00,06:00:30
        t,2,b,25:10:00,25:10:00
        t,3,b,late,25:10:00

        """,
        "calendar.txt": """
        service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date
        week,1,1,1,1,1,0,0,20260101,20261231

        """,
        "shapes.txt": """
        shape_id,shape_pt_sequence,shape_pt_lat,shape_pt_lon
        s,2,7.90,98.30
        s,1,7.88,98.39
        lone,1,7.0,98.0

        """,
        "frequencies.txt":
            "trip_id,start_time,end_time,headway_secs,exact_times\nt,06:00:00,22:00:00,600,0\n",
    ]

    private func feed(_ files: [String: String]) throws -> GTFSFeed {
        try GTFSFeed(feed: "my feed") { file in
            files[file].map { MemoryBytes($0, name: file) }
        }
    }

    private func imported(_ files: [String: String]) async throws -> (RecordingHub, ImportTally) {
        let hub = RecordingHub()
        return (hub, try await ImportRun(hub: hub).run(feed(files)))
    }

    @Test func `every row becomes an entity with its published name`() async throws {
        let (hub, tally) = try await imported(Self.small)
        let types = hub.entities.compactMap { $0.objectValue?["type"]?.stringValue }
        let counts = Dictionary(grouping: types) { $0 }.mapValues(\.count)
        #expect(
            counts == [
                "GtfsAgency": 1, "GtfsService": 1, "GtfsCalendarRule": 1, "GtfsShape": 1,
                "GtfsStop": 2, "GtfsStation": 1, "GtfsRoute": 1, "GtfsTrip": 1,
                "GtfsFrequency": 1, "GtfsStopTime": 2,
            ]
        )
        #expect(tally.entities == hub.entities.count)
    }

    @Test func `entities refer to each other by identifiers made from the keys`() async throws {
        let (hub, _) = try await imported(Self.small)
        func find(_ id: String) -> JSONObject? {
            hub.entities.first { $0.objectValue?["id"] == .string(id) }?.objectValue
        }
        let stop = try #require(find("urn:ngsi-ld:GtfsStop:my%20feed:b"))
        #expect(
            stop["location"] == [
                "type": "GeoProperty",
                "value": ["type": "Point", "coordinates": [98.30, 7.90]],
            ]
        )
        #expect(stop["name"] == ["type": "Property", "value": "Beach, North"])
        #expect(stop["source"] == ["type": "Property", "value": "http://p.example"])
        #expect(
            stop["hasParentStation"] == [
                "type": "Relationship", "object": "urn:ngsi-ld:GtfsStation:my%20feed:S",
            ]
        )
        let time = try #require(find("urn:ngsi-ld:GtfsStopTime:my%20feed:t:1"))
        #expect(time["arrivalTime"] == ["type": "Property", "value": "06:00:00"])
        let route = try #require(find("urn:ngsi-ld:GtfsRoute:my%20feed:r"))
        #expect(
            route["operatedBy"] == [
                "type": "Relationship", "object": "urn:ngsi-ld:GtfsAgency:my%20feed:Bus%20Co",
            ]
        )
        let shape = try #require(find("urn:ngsi-ld:GtfsShape:my%20feed:s"))
        #expect(
            shape["location"]?.objectValue?["value"] == [
                "type": "LineString", "coordinates": [[98.39, 7.88], [98.30, 7.90]],
            ]
        )
        let rule = try #require(find("urn:ngsi-ld:GtfsCalendarRule:my%20feed:week"))
        #expect(rule["startDate"] == ["type": "Property", "value": "2026-01-01"])
        #expect(rule["sunday"] == ["type": "Property", "value": false])
    }

    @Test func `bad rows are reported with their position and the others load`() async throws {
        let (_, tally) = try await imported(Self.small)
        #expect(
            tally.problems.map(\.description) == [
                "shapes.txt:4: The shape `lone` has one point; a line needs two.",
                "stops.txt:5, column 1 (stop_id): `a` was given in an earlier row.",
                "stops.txt:6, column 3 (stop_lat): `97.0` is beyond 90 degrees.",
                "stop_times.txt:4, column 4 (arrival_time): `late` is not a time like 06:30:00.",
            ]
        )
        #expect(tally.failures == 4)
    }

    @Test func `a feed without a required file is refused`() {
        var files = Self.small
        files["stops.txt"] = nil
        #expect(throws: SourceError("The feed `my feed` has no `stops.txt`.")) { try feed(files) }
        files["stops.txt"] = "stop_name\nx\n"
        #expect(throws: SourceError("`stops.txt` has no column `stop_id`.")) {
            var feed = try feed(files)
            var batch = ImportBatch()
            while try feed.next(into: &batch) {}
        }
    }

    /// Metro Manila's feed is not part of the project; `BALAI_SHARED` names its folder.
    private static let manila: String? = {
        let shared = ProcessInfo.processInfo.environment["BALAI_SHARED"] ?? "../shared"
        let path = shared + "/data/manila-gtfs"
        guard FileBytes.exists(path) else {
            print("Metro Manila's feed is not at \(path); its test is skipped.")
            return nil
        }
        return path
    }()

    @Test(.enabled(if: manila != nil, "BALAI_SHARED names no folder with Metro Manila's feed"))
    func `Metro Manila's feed is complete`() async throws {
        let path = try #require(Self.manila)
        var feed = try GTFSFeed(path: path)
        var counts: [String: Int] = [:]
        var batch = ImportBatch()
        var isMore = true
        while isMore {
            isMore = try feed.next(into: &batch)
            guard batch.isFull || !isMore else { continue }
            #expect(batch.problems == [] && batch.danglingReferences == [])
            for request in batch.requests() {
                for origin in request.origins { counts[Self.type(of: origin), default: 0] += 1 }
            }
            batch = ImportBatch()
        }
        #expect(
            counts == [
                "GtfsAgency": 6, "GtfsStop": 4_858, "GtfsRoute": 1_717, "GtfsTrip": 1_864,
                "GtfsFrequency": 1_864, "GtfsStopTime": 79_414, "GtfsShape": 10,
                "GtfsCalendarRule": 20, "GtfsService": 20,
            ]
        )
    }

    private static func type(of origin: HubRequest.Origin) -> String {
        String(origin.entityID.split(separator: ":")[2])
    }
}
