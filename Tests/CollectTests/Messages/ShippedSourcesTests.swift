import ContextModel
import Foundation
import Testing

@testable import Collect

/// The sources in `examples/sources`, with messages in the documented shapes of their senders.
@Suite struct ShippedSourcesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../examples/sources").standardized

    private func map(
        _ name: String,
        _ message: String,
        topic: String? = nil
    ) throws -> MappedMessage { try map(name, Array(message.utf8), topic: topic) }

    private func map(
        _ name: String,
        _ message: [UInt8],
        topic: String? = nil
    ) throws -> MappedMessage {
        let text = try String(
            contentsOf: Self.folder.appending(path: "\(name).source.yaml"),
            encoding: .utf8
        )
        let source = try SourceDefinition(text, name: name)
        return try SourceMapper(source).map(
            SourceMessage(
                message,
                topic: topic,
                receivedAt: Timestamp(microseconds: 1_777_622_400_000_000)
            )
        )
    }

    private func value(_ name: String, of entity: JSONValue?) -> JSONValue? {
        entity?.objectValue?[name]?.objectValue?["value"]
    }

    @Test func `each file can be read`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(files.count >= 5)
        for file in files {
            let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
            #expect(throws: Never.self) { try SourceDefinition(text, name: file) }
        }
    }

    @Test func `an uplink of ChirpStack becomes a device, with zeros that were left out`() throws {
        let mapped = try map(
            "chirpstack",
            """
            {"deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
             "time": "2026-05-01T07:34:15.775023242+00:00",
             "deviceInfo": {"tenantName": "City", "applicationId": "17c82e96",
               "deviceName": "Bin 7", "devEui": "0101010101010101", "tags": {}},
             "devAddr": "00189440", "dr": 1, "fPort": 1, "data": "qg==",
             "object": {"fill": 0, "battery": 3.6, "lid": "closed"},
             "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": 4217106255, "rssi": -36,
               "location": {"latitude": 7.9, "longitude": 98.3}, "context": "E3OWOQ=="}],
             "txInfo": {"frequency": 867100000}}
            """,
            topic: "application/17c82e96/device/0101010101010101/event/up"
        )
        #expect(mapped.refusals == [])
        #expect(mapped.number == "3ac7e3c4-4401-4b8d-9386-a5c902f9202d")
        let device = mapped.entities.first
        #expect(device?.objectValue?["id"] == "urn:ngsi-ld:Device:0101010101010101")
        #expect(value("fill", of: device) == 0 && value("battery", of: device) == 3.6)
        #expect(value("rssi", of: device) == -36 && value("snr", of: device) == 0)
        #expect(value("frameCount", of: device) == 0 && value("name", of: device) == "Bin 7")
        #expect(value("location", of: device)?.objectValue?["coordinates"] == [98.3, 7.9])
        let time = device?.objectValue?["fill"]?.objectValue?["observedAt"]
        #expect(time == "2026-05-01T07:34:15.775023Z")
    }

    @Test func `the state of a battery belongs to its device, and is there where it is known`()
        throws
    {
        func status(_ state: String) throws -> JSONObject {
            let mapped = try map(
                "chirpstack",
                #"{"deduplicationId": "7", "time": "2026-05-01T07:34:15Z", "deviceInfo": {}\#(state)}"#,
                topic: "application/1/device/0101010101010101/event/status"
            )
            #expect(mapped.refusals == [] && mapped.number == "7")
            var all = JSONObject()
            for entity in mapped.entities {
                #expect(entity.objectValue?["id"] == "urn:ngsi-ld:Device:0101010101010101")
                for (name, value) in entity.objectValue?.members ?? [] { all[name] = value }
            }
            return all
        }
        let full = try status(#", "margin": 6, "batteryLevel": 99.5"#)
        #expect(value("batteryLevel", of: .object(full)) == 99.5)
        #expect(full["batteryLevel"]?.objectValue?["unitCode"] == "P1")
        #expect(value("margin", of: .object(full)) == 6)
        #expect(value("externalPowerSource", of: .object(full)) == false)
        #expect(full["rssi"] == nil && full["snr"] == nil && full["frameCount"] == nil)
        // 0 was left out; but not where there is no battery, or where it is not known.
        let empty = try status("")
        #expect(value("batteryLevel", of: .object(empty)) == 0)
        for state in [#", "externalPowerSource": true"#, #", "batteryLevelUnavailable": true"#] {
            #expect(try status(state)["batteryLevel"] == nil)
        }
    }

    @Test func `the tags of a device say its place before its gateway does`() throws {
        let mapped = try map(
            "chirpstack",
            """
            {"time": "2026-05-01T07:34:15Z", "deviceInfo": {"deviceName": "a", "devEui": "1",
               "tags": {"latitude": "7.5", "longitude": "98.5"}}, "fCnt": 12,
             "rxInfo": [{"rssi": -100, "snr": -7.5, "location": {"latitude": 1, "longitude": 2}}]}
            """,
            topic: "application/1/device/1/event/up"
        )
        let device = mapped.entities.first
        #expect(value("location", of: device)?.objectValue?["coordinates"] == [98.5, 7.5])
        #expect(value("frameCount", of: device) == 12 && value("snr", of: device) == -7.5)
    }

    @Test func `an uplink of The Things Stack becomes a device`() throws {
        let mapped = try map(
            "things-stack",
            """
            {"end_device_ids": {"device_id": "bench-3", "dev_eui": "0004A30B001C0530",
               "application_ids": {"application_id": "parks"}, "dev_addr": "00BCB929"},
             "correlation_ids": ["as:up:01E0WZGT6Y7657CPFPE5WEYDSQ"],
             "received_at": "2026-05-01T07:15:45.787123456Z",
             "uplink_message": {"session_key_id": "AXA50zHUlE3Z", "f_port": 1, "f_cnt": 3,
               "frm_payload": "gkHe", "decoded_payload": {"temperature": 31, "wet": false},
               "rx_metadata": [{"gateway_ids": {"gateway_id": "gtw1"}, "rssi": -35, "snr": 5.2}],
               "locations": {"user": {"latitude": 7.9, "longitude": 98.4,
                 "source": "SOURCE_REGISTRY"}},
               "received_at": "2026-05-01T07:15:45.580Z"}}
            """,
            topic: "v3/parks@ttn/devices/bench-3/up"
        )
        #expect(mapped.refusals == [])
        let device = mapped.entities.first
        #expect(device?.objectValue?["id"] == "urn:ngsi-ld:Device:0004A30B001C0530")
        #expect(value("temperature", of: device) == 31 && value("wet", of: device) == false)
        #expect(value("frameCount", of: device) == 3 && mapped.entities.count == 1)
        #expect(value("location", of: device)?.objectValue?["coordinates"] == [98.4, 7.9])
    }

    @Test func `a battery that The Things Stack knows of has the time of its own state`() throws {
        let mapped = try map(
            "things-stack",
            """
            {"end_device_ids": {"device_id": "bench-3", "dev_eui": "0004A30B001C0530"},
             "received_at": "2026-05-01T07:15:45.787Z",
             "uplink_message": {"f_cnt": 3, "decoded_payload": {"temperature": 31},
               "last_battery_percentage": {"f_cnt": 1, "value": 0,
                 "received_at": "2026-05-01T06:00:00Z"}}}
            """,
            topic: "v3/parks@ttn/devices/bench-3/up"
        )
        #expect(mapped.refusals == [] && mapped.entities.count == 2)
        let battery = mapped.entities.last?.objectValue
        #expect(battery?["id"] == mapped.entities.first?.objectValue?["id"])
        #expect(
            battery?["batteryLevel"]
                == [
                    "type": "Property", "value": 0, "unitCode": "P1",
                    "observedAt": "2026-05-01T06:00:00Z",
                ]
        )
    }

    @Test func `readings apart from stations are joined`() throws {
        let mapped = try map(
            "singapore-temperature",
            """
            {"code": 0, "errorMsg": "", "data": {"readingType": "DBT 1M F",
               "stations": [{"id": "S109", "deviceId": "S109", "name": "Ang Mo Kio Avenue 5",
                 "location": {"latitude": 1.3764, "longitude": 103.8492}}],
               "readings": [{"timestamp": "2026-05-01T15:59:00.000Z",
                 "data": [{"stationId": "S109", "value": 28.9}]}]}}
            """
        )
        #expect(mapped.refusals == [])
        let station = mapped.entities.first
        #expect(value("temperature", of: station) == 28.9)
        #expect(value("location", of: station)?.objectValue?["coordinates"] == [103.8492, 1.3764])
    }

    @Test func `rows of pages and features of GeoJSON are found`() throws {
        let lots = try map(
            "singapore-car-parks",
            """
            {"odata.metadata": "x", "value": [{"CarParkID": "1", "Development": "Suntec City",
               "Location": "1.29375 103.85718", "AvailableLots": 1136, "LotType": "C"}]}
            """
        )
        #expect(
            lots.refusals == [] && value("availableSpotNumber", of: lots.entities.first) == 1136
        )
        let place = value("location", of: lots.entities.first)?.objectValue
        #expect(place?["coordinates"] == [103.85718, 1.29375])
        let reports = try map(
            "petabencana-reports",
            """
            {"statusCode": 200, "result": {"type": "FeatureCollection", "features": [
              {"type": "Feature", "geometry": {"type": "Point", "coordinates": [106.82, -6.2]},
               "properties": {"pkey": "33", "created_at": "2026-05-01T07:00:00.123Z",
                 "status": "confirmed", "disaster_type": "flood",
                 "report_data": {"report_type": "flood", "flood_depth": 40}}}]}}
            """
        )
        #expect(reports.refusals == [])
        let report = reports.entities.first
        #expect(value("floodDepth", of: report) == 40)
        #expect(value("location", of: report)?.objectValue?["coordinates"] == [106.82, -6.2])
    }

    @Test func `car parks of public housing have lots for each kind of vehicle`() throws {
        let mapped = try map(
            "singapore-public-car-parks",
            """
            {"items": [{"timestamp": "2026-05-01T16:00:27+08:00", "carpark_data": [
              {"carpark_info": [{"total_lots": "105", "lot_type": "C", "lots_available": "0"},
                 {"total_lots": "20", "lot_type": "Y", "lots_available": "7"}],
               "carpark_number": "ACB", "update_datetime": "2026-05-01T15:59:04"}]}]}
            """
        )
        #expect(mapped.refusals == [])
        let park = mapped.entities.first
        #expect(park?.objectValue?["id"] == "urn:ngsi-ld:OffStreetParking:hdb:ACB")
        #expect(value("availableSpotNumber", of: park) == 0)
        #expect(value("totalSpotNumber", of: park) == 105)
        #expect(value("availableMotorcycleSpotNumber", of: park) == 7)
        let time = park?.objectValue?["totalSpotNumber"]?.objectValue?["observedAt"]
        #expect(time == "2026-05-01T07:59:04Z")
    }

    @Test func `feeds of GTFS-Realtime lead to the entities that a feed of GTFS becomes`() throws {
        let trip = FeedBytes.message(1, .text(1, "T 1"), .text(5, "R/2"), .text(3, "20260501"))
        let position = FeedBytes.message(2, .float(1, 7.88), .float(2, 98.39))
        let vehicles = try map(
            "gtfs-vehicles",
            (.header
                + .message(
                    2,
                    .text(1, "1"),
                    .message(4, trip, position, .message(8, .text(1, "bus 7")), .text(7, "S"))
                ) + .message(2, .text(1, "2"), .message(4, position))).bytes
        )
        #expect(vehicles.refusals == [])
        let bus = vehicles.entities.first?.objectValue
        #expect(bus?["id"] == "urn:ngsi-ld:Vehicle:city:bus%207")
        #expect(bus?["hasTrip"]?.objectValue?["object"] == "urn:ngsi-ld:GtfsTrip:city:T%201")
        #expect(bus?["hasRoute"]?.objectValue?["object"] == "urn:ngsi-ld:GtfsRoute:city:R%2F2")
        #expect(bus?["location"]?.objectValue?["observedAt"] == "2026-05-01T08:00:00Z")
        // One that has neither a route nor a date is there, too.
        let bare = vehicles.entities.last?.objectValue
        #expect(bare?["id"] == "urn:ngsi-ld:Vehicle:city:2" && bare?["hasRoute"] == nil)

        let stop = FeedBytes.message(
            2,
            .number(1, 3),
            .text(4, "S"),
            .message(2, .number(1, -60), .number(2, 1_777_622_700))
        )
        let updates = try map(
            "gtfs-trip-updates",
            (.header + .message(2, .text(1, "1"), .message(3, trip, stop))
                + .message(2, .text(1, "2"), .message(3, .message(1, .number(4, 3))))).bytes
        )
        #expect(updates.refusals == [])
        let update = updates.entities.first
        #expect(value("nextArrivalDelay", of: update) == -60)
        #expect(
            update?.objectValue?["hasNextStop"]?.objectValue?["object"]
                == "urn:ngsi-ld:GtfsStop:city:S"
        )
        #expect(value("scheduleRelationship", of: updates.entities.last) == "CANCELED")

        let texts = FeedBytes.message(1, .text(1, "Road closed"), .text(2, "en"))
        let alerts = try map(
            "gtfs-alerts",
            (.header
                + .message(
                    2,
                    .text(1, "a"),
                    .message(
                        5,
                        .message(1, .number(1, 1_777_600_000)),
                        .message(5, .text(2, "R/2")),
                        .message(5, .text(2, "R3")),
                        .number(6, 10),
                        .data(10, texts.bytes)
                    )
                )).bytes
        )
        #expect(alerts.refusals == [])
        #expect(value("headline", of: alerts.entities.first) == "Road closed")
        #expect(value("cause", of: alerts.entities.first) == "CONSTRUCTION")
        #expect(
            alerts.entities.first?.objectValue?["hasRoute"]?.objectValue?["object"]
                == ["urn:ngsi-ld:GtfsRoute:city:R%2F2", "urn:ngsi-ld:GtfsRoute:city:R3"]
        )
    }

    @Test func `warnings of CAP have their area, and exercises are left out`() throws {
        let more = "<references>weather@city.example,old,2026-05-01T13:00:00+07:00</references>"
        let mapped = try map(
            "cap-alerts",
            AlertDocumentTests.alert("new", kind: "Update", more: more)
        )
        #expect(mapped.refusals == [] && mapped.entities.count == 2)
        let warning = mapped.entities.first
        #expect(value("location", of: warning)?.objectValue?["type"] == "Polygon")
        #expect(value("severity", of: warning) == "Severe")
        #expect(value("validTo", of: warning)?.objectValue?["@value"] == "2026-05-01T14:00:00Z")
        let old = mapped.entities.last?.objectValue
        #expect(old?["id"] == "urn:ngsi-ld:Alert:old")
        #expect(old?["replacedBy"]?.objectValue?["object"] == "urn:ngsi-ld:Alert:new")
        let exercise = AlertDocumentTests.alert("x", kind: "Update", more: more)
            .replacing("Actual", with: "Exercise")
        #expect(try map("cap-alerts", exercise).entities.isEmpty)
    }
}
