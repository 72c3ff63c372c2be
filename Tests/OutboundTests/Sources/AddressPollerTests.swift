import Broker
import Collect
import ContextModel
import Foundation
import Governance
import Logging
import NIOHTTP1
import StorageMemory
import Synchronization
import StoreDoubles
import Testing

@testable import Outbound

/// Addresses that are asked, with a server of the test.
@Suite struct AddressPollerTests {
    private static let boss = Caller(party: .operator)
    private static let name = [SourceName("feed")].compactMap(\.self)[0]

    /// Puts the definition, waits until the condition holds for the source's figures, and returns
    /// the identifiers of its last message and the figures.
    private func poll(
        _ definition: String,
        environment: [String: String] = [:],
        until condition: (SourceFigures) -> Bool
    ) async throws -> (hub: Hub, figures: SourceFigures) {
        let parts = try await HubParts.make(
            store: MemoryStore(SharedMemory()) {
                Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            },
            policy: Policy(permissions: []),
            record: RecordDouble(),
            settings: OutboundSettings(publicURL: "http://hub.example"),
            clock: HubClock {
                Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
            },
            makeIdentifier: { UUID().uuidString },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let secrets = SourceSecrets(folder: nil, environment: environment)
        let service = SourceService(parts.hub, parts.web, secrets) { _ in true }
        let running = Task { try await service.run() }
        _ = try await parts.hub.sourcing.put(Self.name, definition, caller: Self.boss)
        let source = try #require(parts.hub.sourcing.source(SourceKey(nil, Self.name)))
        var figures = parts.hub.sourcing.figures(of: source).figures
        for _ in 0..<300 {
            figures = parts.hub.sourcing.figures(of: source).figures
            if condition(figures) { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        running.cancel()
        try await running.value
        let notifications = Task { try await parts.notifications.run() }
        notifications.cancel()
        try await notifications.value
        #expect(condition(figures), "it never came to that: \(figures)")
        return (parts.hub, figures)
    }

    private static let map = """
        map:
          type: BusArrival
          id: "urn:ngsi-ld:BusArrival:{stop}"
          attributes:
            load: {column: load, as: number}
        """

    @Test func `a token of the next page is sent as it was given, and the rest as it was written`()
    {
        let url = AddressPoller.url(
            "https://a.example/rows?at=2026%2B07&$skip=0",
            setting: "$skip",
            to: "x+y/z= é"
        )
        #expect(url == "https://a.example/rows?at=2026%2B07&$skip=x%2By%2Fz%3D%20%C3%A9")
    }

    @Test func `pages are counted by rows, until one has none`() async throws {
        // The shape of a service whose pages have 2 rows, of which those of one cannot be mapped.
        let server = try await LoopbackServer { head in
            guard head.headers.first(name: "AccountKey") == "the key" else {
                return .init(status: .unauthorized)
            }
            let skip = head.uri.split(separator: "=").last.flatMap { Int($0) } ?? 0
            let numbers = skip..<max(skip, min(skip + 2, 5))
            let rows = numbers.map {
                #"{"stop": "\#($0)", "load": "\#(skip == 2 ? "none" : "\($0)")"}"#
            }
            return .init(status: .ok, body: #"{"value": [\#(rows.joined(separator: ","))]}"#)
        }
        let (_, figures) = try await poll(
            """
            poll:
              url: \(server.url)/arrivals
              every: 3600
              headers: {AccountKey: {variable: BALAI_SOURCE_KEY}, accept: application/json}
              pages: {offset: $skip, step: 2}
            rows: $.value[*]
            \(Self.map)
            """,
            environment: ["BALAI_SOURCE_KEY": "the key"]
        ) { $0.connection?.contains("pages") == true }
        #expect(figures.entities == 3 && figures.refused == 1 && figures.messages == 4)
        try await server.close()
    }

    @Test(arguments: ["link", "header"])
    func `no page leads the hub to another address`(way: String) async throws {
        let asked = Mutex<[String]>([])
        let other = try await LoopbackServer { head in
            asked.withLock { $0.append("\(head.uri) \(head.headers)") }
            return .init(status: .ok, body: #"{"stop": "b", "load": 1}"#)
        }
        let target = "\(other.url)/latest/meta-data"
        let server = try await LoopbackServer { _ in
            var answer = LoopbackServer.Answer(status: .ok)
            if way == "header" { answer.headers.add(name: "Link", value: "<\(target)>; rel=next") }
            answer.body = #"{"stop": "a", "load": 1, "next": "\#(target)"}"#
            return answer
        }
        let pages = way == "header" ? "header" : "$.next"
        let (_, figures) = try await poll(
            """
            poll:
              url: \(server.url)/f
              every: 3600
              headers: {AccountKey: {variable: BALAI_SOURCE_KEY}}
              pages: {link: \(pages)}
            \(Self.map)
            """,
            environment: ["BALAI_SOURCE_KEY": "the key"]
        ) { $0.isConnected == false }
        #expect(figures.connection?.contains("another address") == true)
        #expect(figures.entities == 1 && asked.withLock(\.self) == [])
        try await server.close()
        try await other.close()
    }

    @Test func `what could not be taken as a whole is asked for again`() async throws {
        let asked = Mutex<[HTTPRequestHead]>([])
        let server = try await LoopbackServer { head in
            let isFirstTime = asked.withLock { asked in
                asked.append(head)
                return asked.count <= 2
            }
            if head.headers.contains(name: "If-None-Match") { return .init(status: .notModified) }
            guard head.uri.contains("page") else {
                return .init(
                    status: .ok,
                    headers: ["ETag": "\"one\""],
                    body: #"{"stop": "a", "load": 1, "next": "/f?page=two"}"#
                )
            }
            if isFirstTime { return .init(status: .serviceUnavailable) }
            return .init(status: .ok, body: #"{"stop": "b", "load": 1}"#)
        }
        let (_, figures) = try await poll(
            "poll: {url: \"\(server.url)/f\", every: 1, pages: {link: $.next}}\n\(Self.map)"
        ) { $0.entities >= 3 }
        #expect(figures.entities >= 3 && asked.withLock(\.count) >= 4)
        try await server.close()
    }

    @Test(arguments: ["token", "link", "header"])
    func `one page leads to the next`(way: String) async throws {
        let server = try await LoopbackServer { head in
            let isFirst = !head.uri.contains("page")
            let next =
                way == "token"
                ? #", "paging": {"next": "two"}"# : way == "link" ? #", "next": "/f?page=two""# : ""
            var answer = LoopbackServer.Answer(status: .ok)
            if isFirst, way == "header" {
                answer.headers.add(name: "Link", value: #"</f?page=two>; rel="next", </>; rel=up"#)
            }
            answer.body = #"{"stop": "\#(isFirst ? "a" : "b")", "load": 1\#(isFirst ? next : "")}"#
            return answer
        }
        let pages =
            switch way {
            case "token": "{token: $.paging.next, parameter: page}"
            case "link": "{link: $.next}"
            default: "{link: header}"
            }
        let (_, figures) = try await poll(
            "poll: {url: \"\(server.url)/f\", every: 3600, pages: \(pages)}\n\(Self.map)"
        ) { $0.entities == 2 }
        #expect(figures.messages == 2)
        try await server.close()
    }

    @Test func `what has not changed is not read again, and a failure makes the hub wait`()
        async throws
    {
        let count = Mutex(0)
        let server = try await LoopbackServer { head in
            let number = count.withLock { count in
                count += 1
                return count
            }
            if number == 1 {
                return .init(
                    status: .ok,
                    headers: ["ETag": "\"one\"", "Last-Modified": "Fri, 01 May 2026 08:00:00 GMT"],
                    body: #"{"stop": "a", "load": 1}"#
                )
            }
            let isSame =
                head.headers.first(name: "If-None-Match") == "\"one\""
                && head.headers.first(name: "If-Modified-Since") != nil
            return .init(status: number == 2 && isSame ? .notModified : .serviceUnavailable)
        }
        let (_, figures) = try await poll(
            "poll: {url: \"\(server.url)/f\", every: 1}\n\(Self.map)"
        ) { $0.isConnected == false }
        #expect(figures.connection == "The address answers with 503.")
        #expect(figures.messages == 1 && count.withLock { $0 } == 3)
        try await server.close()
    }

    @Test(
        arguments: [
            ("120", 120), ("0", 0), (" 7 ", 7), ("99999999999999999999", 86_400), ("", nil),
            ("-5", nil),
            ("soon", nil),
            // The three forms of a date.
            ("Fri, 01 May 2026 08:02:00 GMT", 120), ("Friday, 01-May-26 08:02:00 GMT", 120),
            ("Fri May  1 08:02:00 2026", 120), ("Fri, 01 May 2026 07:00:00 GMT", 0),
            ("Fri, 01 May 2036 08:00:00 GMT", 86_400), ("Fri, 32 May 2026 08:00:00 GMT", nil),
        ] as [(String, Int?)]
    )
    func `what a server says of when to ask again is read`(text: String, seconds: Int?) {
        // 08:00 of 1 May 2026.
        let now = Timestamp(microseconds: 1_777_622_400_000_000)
        let failure = PollFailure(503, ["Retry-After": text])
        #expect(failure.wait(after: now) == seconds)
    }

    @Test func `a server that names a date is left alone until then, and the source says so`()
        async throws
    {
        let count = Mutex(0)
        let server = try await LoopbackServer { _ in
            count.withLock { $0 += 1 }
            return .init(
                status: .serviceUnavailable,
                headers: ["Retry-After": "Fri, 01 May 2099 08:00:00 GMT"]
            )
        }
        let (_, figures) = try await poll(
            "poll: {url: \"\(server.url)/f\", every: 1}\n\(Self.map)"
        ) { $0.isConnected == false }
        let said = figures.connection ?? ""
        #expect(said.hasPrefix("The address answers with 503. It is asked again at 20"), "\(said)")
        #expect(count.withLock(\.self) == 1)
        try await server.close()
    }

    @Test func `a source says that there are more pages than it asks for`() async throws {
        let server = try await LoopbackServer { head in
            let number = head.uri.split(separator: "=").last.flatMap { Int($0) } ?? 0
            return .init(
                status: .ok,
                body: #"{"stop": "\#(number)", "load": 1, "next": "/f?page=\#(number + 1)"}"#
            )
        }
        let pages = "pages: {link: $.next}, maximumPages: 3"
        let (_, figures) = try await poll(
            "poll: {url: \"\(server.url)/f\", every: 3600, \(pages)}\n\(Self.map)"
        ) { $0.connection != nil }
        #expect(figures.entities == 3 && figures.isConnected == true)
        let said = "Answered, with 3 pages, and there may be more: `maximumPages` is reached."
        #expect(figures.connection == said)
        try await server.close()
    }

    /// The shape of the public answer of thaiwater.net: numbers are texts, times are those of Bangkok, and much is null.
    private static let thaiWater = """
        {"waterlevel_data": {"result": "OK", "data": [
          {"id": 9001, "waterlevel_datetime": "2026-05-01 16:00", "waterlevel_m": null, "waterlevel_msl": "304.12",
           "waterlevel_msl_previous": "304.10", "flow_rate": null, "discharge": "41.5", "storage_percent": "55.20",
           "diff_wl_bank": "1.88", "diff_wl_bank_text": "ต่ำกว่าตลิ่ง (ม.)", "situation_level": 3,
           "river_name": "แม่น้ำปิง", "station_type": "tele_waterlevel",
           "station": {"id": 154, "tele_station_name": {"th": "สะพานนวรัฐ", "en": "Nawarat Bridge"},
             "tele_station_lat": 18.787778, "tele_station_long": 99.004167, "tele_station_oldcode": "P.1",
             "left_bank": 306, "right_bank": 306.2, "min_bank": 306, "ground_level": 300.5},
           "geocode": {"province_code": "50", "province_name": {"th": "เชียงใหม่", "en": "Chiang Mai"}},
           "agency": {"agency_shortname": {"en": "RID", "th": "ชป."}}, "basin": {"id": 6}},
          {"id": 9002, "waterlevel_datetime": "2026-05-01 15:50", "waterlevel_msl": "-0.31", "diff_wl_bank": "-0.05",
           "storage_percent": null, "discharge": null, "situation_level": 5, "river_name": null,
           "station": {"id": 200, "tele_station_name": {"th": "บางนา"}, "tele_station_lat": 13.67,
             "tele_station_long": 100.6}, "agency": {}},
          {"id": 9003, "waterlevel_datetime": null, "waterlevel_msl": null, "situation_level": null,
           "station": {"id": 201, "tele_station_name": {"th": "ใหม่"}}}]}, "scale": {"rule": []}}
        """

    @Test func `levels of rivers in Thailand become entities by the map that is shipped`()
        async throws
    {
        let server = try await LoopbackServer { _ in .init(status: .ok, body: Self.thaiWater) }
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../examples/sources/thai-water.source.yaml").standardized
        let shipped = try String(contentsOf: file, encoding: .utf8)
        let (hub, figures) = try await poll(
            shipped.replacing("https://api-v3.thaiwater.net", with: server.url)
        ) { $0.messages > 0 }
        #expect(figures.entities == 2 && figures.refused == 0, "\(figures)")
        let ping = try await hub.reading.retrieveEntity(
            EntityID("urn:ngsi-ld:WaterObserved:thaiwater:154"),
            caller: Self.boss
        ).entity.decoded()
        func instance(_ name: String, _ entity: Entity) -> Attribute? {
            entity[LDContext.core.expand(name)].first
        }
        #expect(instance("waterLevel", ping)?.value == 304.12)
        #expect(instance("waterLevel", ping)?.observedAt?.text == "2026-05-01T09:00:00Z")
        #expect(instance("bankDistance", ping)?.value == 1.88)
        #expect(instance("discharge", ping)?.value == 41.5)
        #expect(instance("storagePercent", ping)?.value.numberValue?.doubleValue == 55.2)
        #expect(instance("name", ping)?.value == "สะพานนวรัฐ")
        #expect(instance("dataProvider", ping)?.value == "RID")
        let place = instance("location", ping)?.value.objectValue
        #expect(place?["coordinates"] == [99.004167, 18.787778])
        let overBank = try await hub.reading.retrieveEntity(
            EntityID("urn:ngsi-ld:WaterObserved:thaiwater:200"),
            caller: Self.boss
        ).entity.decoded()
        #expect(instance("bankDistance", overBank)?.value == -0.05)
        #expect(instance("situationLevel", overBank)?.value == 5)
        #expect(instance("discharge", overBank) == nil && instance("waterBody", overBank) == nil)
        try await server.close()
    }

    private static func warning(_ id: String) -> String {
        """
        <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>\(id)</identifier>
        <sent>2026-05-01T14:00:00+07:00</sent><info><headline>Rain \(id)</headline></info></alert>
        """
    }

    private static let alerts = """
        format: cap
        map:
          type: Alert
          id: "urn:ngsi-ld:Alert:{identifier}"
          time: {column: sent}
          attributes: {headline: {column: "$.info[0].headline"}}
        """

    @Test func `a feed of warnings leads to documents, each of which is asked for once`()
        async throws
    {
        let other = try await LoopbackServer { _ in
            .init(status: .ok, body: Self.warning("foreign"))
        }
        let asked = Mutex<[String: Int]>([:])
        let server = try await LoopbackServer { head in
            let times = asked.withLock { asked in
                asked[head.uri, default: 0] += 1
                return asked[head.uri] ?? 0
            }
            switch head.uri {
            case "/a.cap": return .init(status: .ok, body: Self.warning("a"))
            // It is there the second time.
            case "/late.cap":
                return times == 1
                    ? .init(status: .notFound) : .init(status: .ok, body: Self.warning("late"))
            case "/feed":
                // The entry of `a` is updated in the third answer.
                let entries = [
                    ("/a.cap", times < 3 ? "1" : "2"), ("late.cap", "1"),
                    ("\(other.url)/secret", "1"),
                ]
                let links = entries.map {
                    #"<entry><updated>\#($1)</updated><link href="\#($0)"/></entry>"#
                }
                return .init(
                    status: .ok,
                    headers: ["ETag": "\"\(times)\""],
                    body: #"<feed xmlns="http://www.w3.org/2005/Atom">\#(links.joined())</feed>"#
                )
            default: return .init(status: .notFound)
            }
        }
        let (hub, figures) = try await poll(
            "poll: {url: \"\(server.url)/feed\", every: 1}\n\(Self.alerts)"
        ) { $0.messages >= 3 }
        let counts = asked.withLock(\.self)
        #expect(counts["/a.cap"] == 2 && counts["/late.cap"] == 2, "\(counts)")
        #expect(figures.refused == 0 && figures.isConnected == true)
        #expect(figures.connection?.contains("1 of them cannot be had") == true)
        for id in ["a", "late"] {
            _ = try await hub.reading.retrieveEntity(
                EntityID("urn:ngsi-ld:Alert:\(id)"),
                caller: Self.boss
            )
        }
        await #expect(throws: BrokerError.self) {
            _ = try await hub.reading.retrieveEntity(
                EntityID("urn:ngsi-ld:Alert:foreign"),
                caller: Self.boss
            )
        }
        try await server.close()
        try await other.close()
    }

    @Test func `documents may be at a host that is named, which gets no headers of the source`()
        async throws
    {
        let asked = Mutex<[String]>([])
        @Sendable func answer(_ head: HTTPRequestHead, _ name: String) -> LoopbackServer.Answer {
            asked.withLock { $0.append("\(name) \(head.headers.first(name: "X-Key") ?? "none")") }
            return .init(status: .ok, body: Self.warning(name))
        }
        let named = try await LoopbackServer { answer($0, "named") }
        let other = try await LoopbackServer { answer($0, "other") }
        let server = try await LoopbackServer { head in
            guard head.uri == "/feed" else { return answer(head, "own") }
            let links = ["/1", "\(named.url)/2", "\(other.url)/3"]
            let entries = links.map { #"<entry><link href="\#($0)"/></entry>"# }
            return .init(status: .ok, body: "<feed>\(entries.joined())</feed>")
        }
        let (_, figures) = try await poll(
            """
            poll:
              url: \(server.url)/feed
              every: 3600
              headers: {X-Key: {variable: BALAI_SOURCE_KEY}}
              documents: ["\(named.url)"]
            \(Self.alerts)
            """,
            environment: ["BALAI_SOURCE_KEY": "the key"]
        ) { $0.connection?.contains("documents") == true }
        #expect(asked.withLock(\.self) == ["own the key", "named none"])
        #expect(figures.messages == 2)
        #expect(figures.connection?.contains("1 of them cannot be had") == true)
        for one in [server, named, other] { try await one.close() }
    }

    @Test func `a feed that has not changed makes no document be asked for again`() async throws {
        let asked = Mutex<[String: Int]>([:])
        let server = try await LoopbackServer { head in
            let times = asked.withLock { asked in
                asked[head.uri, default: 0] += 1
                return asked[head.uri] ?? 0
            }
            guard head.uri == "/feed" else { return .init(status: .ok, body: Self.warning("a")) }
            if times == 2 { return .init(status: .notModified) }
            return .init(
                status: times == 3 ? .serviceUnavailable : .ok,
                headers: ["ETag": "\"one\""],
                body: #"<feed><entry><link href="/a.cap"/></entry></feed>"#
            )
        }
        let (_, figures) = try await poll(
            "poll: {url: \"\(server.url)/feed\", every: 1}\n\(Self.alerts)"
        ) { _ in asked.withLock { $0["/feed"] ?? 0 } >= 4 }
        #expect(asked.withLock { $0["/a.cap"] } == 1 && figures.messages == 1)
        try await server.close()
    }

    @Test(arguments: [
        "<!DOCTYPE feed [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><feed>&x;</feed>", "<html/>",
        "{}",
    ])
    func `what is neither a feed nor a warning is kept as refused`(body: String) async throws {
        let server = try await LoopbackServer { _ in .init(status: .ok, body: body) }
        let (_, figures) = try await poll(
            "poll: {url: \"\(server.url)/feed\", every: 3600}\n\(Self.alerts)"
        ) { $0.messages > 0 }
        #expect(figures.refused == 1 && figures.entities == 0)
        try await server.close()
    }
}
