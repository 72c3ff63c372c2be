import Foundation

/// Sources: webhooks with arrays, and MQTT with quality of service 1, against the same readings over
/// HTTP.
extension Bench {
    private static let things = 1_000

    func messages() throws {
        try withHub("messages") { hub in
            let webhooks = try webhooks(hub)
            report.add(
                Row(
                    "Webhooks, 10 readings a message, 32 connections",
                    figure: webhooks.summary,
                    ratio: report.ratioText(webhooks),
                    targets: [.atLeast(10_000, "readings/s", webhooks.perSecond * 10)]
                )
            )
            let http = try readings(hub)
            let (mqtt, count) = try topics(hub, seconds: scale.seconds)
            report.add(
                Row(
                    "Readings over HTTP, one a request, 32 connections",
                    figure: http.summary
                )
            )
            report.add(
                Row(
                    "The same by MQTT 5 with quality of service 1, through mosquitto",
                    figure: "\(short(mqtt)) messages/s, \(short(Double(count))) messages",
                    ratio: String(format: "%.2f of HTTP", mqtt / http.perSecond),
                    targets: [.atLeast(0.8, "of HTTP", mqtt / http.perSecond)]
                )
            )
        }
    }

    private static func map(_ way: String) -> String {
        """
        \(way)
        map:
          type: Device
          id: "urn:ngsi-ld:Device:{thing}"
          time: {column: at, format: epochMilliseconds}
          attributes:
            level: {column: level}
        """
    }

    private func define(_ name: String, _ definition: String, at hub: ServerProcess) throws {
        let request = Request("PUT", "/sources/v1/\(name)", body: definition)
        _ = try loop(hub, connections: 1).run(
            Bound(requests: 1, seconds: 10),
            make: { _, _ in request.bytes },
            check: { _, answer in answer.isNot(201) }
        ).checked()
    }

    private func webhooks(_ hub: ServerProcess) throws -> Measurement {
        let access = "webhook: {query: {name: key, secret: {variable: BALAI_SOURCE_BENCH}}}"
        try define("bench", Self.map(access), at: hub)
        return try loop(hub, connections: 32).run(
            Bound(requests: .max, seconds: scale.seconds),
            make: { number, _ in
                let rows = (0..<10).map { Self.message(number * 10 + $0) }
                let body = "[\(rows.joined(separator: ","))]"
                return Request("POST", "/sources/bench?key=bench", body: body).bytes
            },
            check: { _, answer in answer.isNot(204) }
        ).checked()
    }

    private func readings(_ hub: ServerProcess) throws -> Measurement {
        try loop(hub, connections: 32).run(
            Bound(requests: .max, seconds: scale.seconds),
            make: { number, _ in
                let moment = Date(timeIntervalSince1970: 1_777_622_400 + Double(number) / 1_000)
                let time = moment.formatted(
                    Date.ISO8601FormatStyle(includingFractionalSeconds: true)
                )
                let body = """
                    [{"id":"urn:ngsi-ld:Device:\(number % Self.things)","type":"Device",\
                    "level":{"type":"Property","value":\(number),"observedAt":"\(time)"}}]
                    """
                return Request("POST", "/hub/readings", body: body).bytes
            },
            check: { number, answer in
                answer.isNot(201) == nil ? nil : answer.isNot(204)
            }
        ).checked()
    }

    private static func message(_ number: Int) -> String {
        #"{"thing":\#(number % things),"at":\#(1_777_622_400_000 + number),"level":\#(number)}"#
    }

    /// Messages a second from the first one published to the last one stored, and their number.
    private func topics(_ hub: ServerProcess, seconds: Double) throws -> (Double, Int) {
        let broker = try BenchBroker(in: data("broker"))
        defer { broker.stop() }
        let way = "mqtt: {broker: \"mqtt://127.0.0.1:\(broker.port)\", topics: [\"bench/#\"]}"
        try define("topics", Self.map(way), at: hub)
        try wait(hub, for: #""connected":true"#)
        let start = monotonicSeconds()
        let count = try broker.publish(seconds: seconds) { Self.message($0 + 50_000_000) }
        try wait(hub, for: "\"messages\":\(count),")
        return (Double(count) / (monotonicSeconds() - start), count)
    }

    /// Waits until the source says so; fails after a minute.
    private func wait(_ hub: ServerProcess, for text: String) throws {
        let request = Request("GET", "/sources/v1/topics")
        let end = monotonicSeconds() + 60
        var isSaid = false
        while !isSaid {
            guard monotonicSeconds() < end else { throw BenchmarkError("never said \(text)") }
            _ = try loop(hub, connections: 1).run(
                Bound(requests: 1, seconds: 10),
                make: { _, _ in request.bytes },
                check: { _, answer in
                    isSaid = answer.body.contains(text)
                    return answer.isNot(200)
                }
            ).checked()
            if !isSaid { usleep(2_000) }
        }
    }
}

/// mosquitto on a free port, and a publisher to it.
private final class BenchBroker {
    let port: UInt16
    private let process = Process()

    /// Messages that are not acknowledged yet.
    private static let window = 1_000

    init(in folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = UInt16.random(in: 20_000..<30_000)
        let file = folder.appendingPathComponent("mosquitto.conf")
        try """
        listener \(port) 127.0.0.1
        user root
        allow_anonymous true
        log_type error
        max_inflight_messages 0
        max_queued_messages 0
        """.write(to: file, atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/mosquitto")
        process.arguments = ["-c", file.path]
        try process.run()
        usleep(500_000)
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// Publishes for so long with quality of service 1; returns how many the broker has acknowledged.
    func publish(seconds: Double, _ message: (Int) -> String) throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        let isConnected = Address(port: port).withSocketAddress { connect(descriptor, $0, $1) == 0 }
        guard isConnected else { throw BenchmarkError("mosquitto does not listen") }
        // CONNECT of MQTT 3.1.1 with a clean session, as `bench`.
        var connection: [UInt8] = [0x10, 17, 0, 4]
        connection += Array("MQTT".utf8)
        connection += [4, 2, 0, 0, 0, 5] as [UInt8]
        connection += Array("bench".utf8)
        try send(connection, to: descriptor)
        guard try receive(4, from: descriptor).prefix(1) == [0x20] else {
            throw BenchmarkError("mosquitto refuses the connection")
        }
        let end = monotonicSeconds() + seconds
        var (sent, acknowledged) = (0, 0)
        while acknowledged < sent || monotonicSeconds() < end {
            var bytes: [UInt8] = []
            while sent - acknowledged < Self.window, monotonicSeconds() < end {
                bytes += Self.publication(message(sent), number: UInt16(sent % 65_535 + 1))
                sent += 1
                if bytes.count > 16_384 { break }
            }
            if !bytes.isEmpty { try send(bytes, to: descriptor) }
            if sent - acknowledged >= Self.window || bytes.isEmpty {
                acknowledged += try receive(4, from: descriptor).count / 4
            }
        }
        return sent
    }

    /// PUBLISH of MQTT 3.1.1 with quality of service 1.
    private static func publication(_ message: String, number: UInt16) -> [UInt8] {
        let topic = Array("bench/a".utf8)
        let length = 2 + topic.count + 2 + message.utf8.count
        var bytes: [UInt8] = [0x32]
        if length > 0x7F {
            bytes.append(UInt8(length & 0x7F) | 0x80)
            bytes.append(UInt8(length >> 7))
        } else {
            bytes.append(UInt8(length))
        }
        bytes.append(0)
        bytes.append(UInt8(topic.count))
        bytes += topic
        bytes.append(UInt8(number >> 8))
        bytes.append(UInt8(number & 0xFF))
        bytes += Array(message.utf8)
        return bytes
    }

    private func send(_ bytes: [UInt8], to descriptor: Int32) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw BenchmarkError("mosquitto closed the connection") }
            rest = rest.dropFirst(count)
        }
    }

    /// Whole answers of four bytes, as many as there are, at least one.
    private func receive(_ size: Int, from descriptor: Int32) throws -> [UInt8] {
        var bytes: [UInt8] = []
        repeat {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw BenchmarkError("mosquitto closed the connection") }
            bytes += buffer.prefix(count)
        } while bytes.count % size != 0
        return bytes
    }
}
