import Foundation

/// One hub that fills up, is asked, read and changed, and started again.
extension Bench {
    func city() throws {
        try withHub("city") { hub in
            let filled = scale.entities
            try fillAndQuery(hub, [1_000, 10_000, 100_000].filter { $0 <= filled })
            try retrieve(hub, entities: filled)
            try update(
                hub,
                "Update of one attribute",
                Station.attributeUpdate(),
                entities: filled,
                targets: (perSecond: 10_000, ofHello: 0.25)
            )
            try update(
                hub,
                "Update of a fragment of 5 instances",
                Station.fragmentUpdate(),
                entities: filled,
                targets: (perSecond: 4_000, ofHello: nil)
            )
            let memory = try hub.residentMegabytes()
            report.add(
                Row(
                    "Resident memory after that, \(short(Double(filled))) entities",
                    figure: "\(short(memory.now)) MB, at most \(short(memory.most)) MB"
                )
            )
        }
        try startAgain("city", entities: scale.entities, megabytes: 100)
    }

    /// A hub of a million entities, asked and started again; in a full run only.
    func million() throws {
        let entities = 1_000_000
        try withHub("million") { hub in
            // An index comes with the first questions, and a city asks before it has a million.
            try fill(hub, 0..<1_000)
            var request = Station.zoneQuery()
            say("    the index: " + (try firstQueries(hub) { request(0, $0 % 10) }))
            try fill(hub, 1_000..<entities)
            try query(hub, entities: entities)
            try retrieve(hub, entities: entities)
        }
        try startAgain("million", entities: entities, megabytes: 300)
    }

    /// Fills the hub up to each size, and queries it there.
    private func fillAndQuery(_ hub: ServerProcess, _ sizes: [Int]) throws {
        var filled = 0
        for size in sizes {
            try fill(hub, filled..<size)
            filled = size
            try query(hub, entities: size)
        }
    }

    /// Creates the stations of the range by batches of 1,000.
    private func fill(_ hub: ServerProcess, _ range: Range<Int>) throws {
        let measured = try batches(range, of: hub)
        say("    \(short(measured.perSecond * 1000)) entities/s up to \(range.upperBound)")
    }

    /// Stations of the range in requests of 1,000 each, by two connections so that the hub need
    /// not wait while the tool writes the next request.
    func batches(
        _ range: Range<Int>,
        of hub: ServerProcess,
        headers: [String] = []
    ) throws -> Measurement {
        var batch = Batch(headers: headers)
        let size = 1_000
        return try loop(hub, connections: 2).run(
            Bound(requests: range.count / size, seconds: 600),
            make: { number, _ in
                let start = range.lowerBound + number * size
                return batch.request(start..<(start + size), createdIn: range)
            },
            check: { _, answer in
                answer.isNot(201)
                    ?? (answer.body.occurrences(of: "TrafficStation:") == size
                        ? nil : "the answer does not name the \(size) entities created")
            }
        ).checked()
    }

    private func query(_ hub: ServerProcess, entities: Int) throws {
        var request = Station.zoneQuery()
        let zones = entities / Station.stationsPerZone
        func zone(_ number: Int) -> Int { number &* 7_919 % zones }
        let first = try firstQueries(hub) { request(0, zone($0)) }
        let measured = try loop(hub, connections: 10).run(
            Bound(requests: .max, seconds: scale.seconds * 0.6),
            make: { number, _ in request(0, zone(number)) },
            check: { number, answer in
                if let complaint = answer.isNot(200) { return complaint }
                guard number % 16 == 0 else { return nil }
                let found = answer.body.occurrences(of: "\"value\":\(1_000_000 + zone(number))}")
                return found == 30 ? nil : "\(found) entities of the zone instead of 30"
            }
        ).checked()
        growth.queries.add(entities, measured)
        report.add(
            Row(
                "Query by type and q, page of 30, \(short(Double(entities))) entities",
                figure: measured.summary + "; " + first,
                ratio: report.ratioText(measured),
                targets: [.atLeast(3_000, "/s", measured.perSecond)]
                    + (entities == 1_000_000
                        ? [.atLeast(0.5, "of that with 1,000", growth.queries.shareOfFirst)] : [])
            )
        )
    }

    /// Asks until answers come fast, for a hub may make an index when it is first needed; how long
    /// the first answer took, and how long the slow ones went on.
    private func firstQueries(_ hub: ServerProcess, _ request: (Int) -> [UInt8]) throws -> String {
        let client = try Client(to: hub.address)
        let start = monotonicSeconds()
        var first: Double?
        var number = 0
        while true {
            let sent = monotonicSeconds()
            try client.exchange(request(number)) { answer in
                if let complaint = answer.isNot(200) { throw BenchmarkError(complaint) }
            }
            let now = monotonicSeconds()
            first = first ?? now - sent
            number += 1
            if number > 20, now - sent < 0.005 || now > start + 10 {
                let slow = number > 21 ? String(format: ", slow for %.1f s", now - start) : ""
                return String(format: "the first %.1f ms", (first ?? 0) * 1000) + slow
            }
        }
    }

    private func retrieve(_ hub: ServerProcess, entities: Int) throws {
        try probeHello()
        var request = Station.retrieval()
        func station(_ number: Int) -> Int { number &* 7_919 % entities }
        let measured = try loop(hub, connections: 32).run(
            Bound(requests: .max, seconds: scale.seconds),
            make: { number, _ in request(station(number)) },
            check: { number, answer in
                Station.check(answer, is: station(number), whole: number % 16 == 0)
            }
        ).checked()
        report.add(
            "Retrieve by id, 32 connections, \(short(Double(entities))) entities",
            measured,
            atLeast: 20_000,
            ofHello: 0.5
        )
    }

    /// Each connection changes entities of its own, so that what was acknowledged last is known.
    private func update(
        _ hub: ServerProcess,
        _ name: String,
        _ template: Request,
        entities: Int,
        targets: (perSecond: Double, ofHello: Double?)
    ) throws {
        for connections in [32, 50] {
            try probeHello()
            var request = template
            var last: [Int: Int] = [:]
            let share = entities / connections
            let versionBase = connections * 10_000
            let measured = try loop(hub, connections: connections).run(
                Bound(requests: 500_000, seconds: scale.seconds),
                make: { number, connection in
                    let station = connection * share + number &* 7_919 % share
                    last[station] = (versionBase + number) % 1_000_000
                    return request(station, (versionBase + number) % 1_000_000)
                },
                check: { _, answer in answer.isNot(204) }
            ).checked()
            report.add(
                "\(name), \(connections) connections",
                measured,
                atLeast: connections == 50 ? targets.perSecond : nil,
                ofHello: connections == 32 ? targets.ofHello : nil
            )
            try readBack(hub, last)
        }
    }

    /// One in sixteen of what was changed is what was written last.
    private func readBack(_ hub: ServerProcess, _ last: [Int: Int]) throws {
        let client = try Client(to: hub.address)
        var request = Station.retrieval()
        for (station, version) in last.prefix(4_000) where station % 16 == 0 {
            try client.exchange(request(station)) { answer in
                guard answer.body.contains("\"value\":\(1_000_000 + version),") else {
                    throw BenchmarkError("station \(station) does not have its last value")
                }
            }
        }
    }

    /// Start, until the first entity has been answered; then memory while that hub is read.
    private func startAgain(_ name: String, entities: Int, megabytes: Double) throws {
        let start = monotonicSeconds()
        try withHub(name) { hub in
            var request = Station.retrieval()
            try Client(to: hub.address).exchange(request(4_711)) { answer in
                if let complaint = Station.check(answer, is: 4_711, whole: false) {
                    throw BenchmarkError(complaint)
                }
            }
            let milliseconds = (monotonicSeconds() - start) * 1000
            report.add(
                Row(
                    "Start to first answer, \(short(Double(entities))) entities",
                    figure: "\(short(milliseconds)) ms",
                    targets: [.atMost(200, "ms", milliseconds)]
                )
            )
            _ = try loop(hub, connections: 32).run(
                Bound(requests: entities, seconds: 90),
                make: { number, _ in request(number) },
                check: { number, answer in Station.check(answer, is: number, whole: false) }
            ).checked()
            let memory = try hub.residentMegabytes()
            report.add(
                Row(
                    "Resident memory, each of \(short(Double(entities))) entities served",
                    figure: "\(short(memory.now)) MB, at most \(short(memory.most)) MB",
                    targets: [.atMost(megabytes, "MB", memory.now)]
                )
            )
        }
    }
}

extension Station {
    /// What is wrong with the answer to a retrieval, if anything.
    static func check(_ answer: Message, is number: Int, whole: Bool) -> String? {
        if let complaint = answer.isNot(200) { return complaint }
        guard let found = answer.body.offset(of: idPrefix),
            answer.body.number(at: found + idPrefix.utf8CodeUnitCount) == number
        else { return "not the entity asked for, \(number)" }
        guard whole else { return nil }
        let flow = answer.body.contains("\"value\":\(100_000_000 + number),")
        let east = answer.body.occurrences(of: "urn:ngsi-ld:Dataset:east")
        return flow && east == 2 && answer.body.count >= bytes - 20
            ? nil : "entity \(number) is not as it was written"
    }
}
