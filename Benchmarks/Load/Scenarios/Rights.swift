import Foundation

/// What rights cost: the same reads in a tenant with rules and in one without, in one hub and one run.
extension Bench {
    func rights() throws {
        let city = try GovernedCity(self, "rights")
        let people = scale.pick(quick: 10_000, usual: 100_000)
        let sizes = [1_000, 10_000, 100_000].filter { $0 <= people }
        try city.with { hub in
            try city.fillStations(hub)
            try city.govern(hub)
        }
        var filled = 0
        var without = (megabytes: 0.0, milliseconds: 0.0)
        for size in sizes {
            try city.with { try city.fillVisits($0, filled..<size) }
            if size == people { without = try firstAnswer(city, people) }
            try city.choose(filled..<size)
            filled = size
            try city.with { hub in
                try askFirst(hub, city)
                growth.retrievals.add(size, try retrieveVisits(hub, city, .on, size, seconds: 1))
            }
        }
        let with = try firstAnswer(city, people)
        try reportMemory(without, with, people)
        try city.with { hub in
            try askFirst(hub, city)
            try comparePublic(hub, city)
            try comparePersonal(hub, city, people)
            try objections(hub, city, people)
            try proofs(hub, city)
        }
        try decisions()
        report.add(
            Row(
                "Processor time of a retrieval of data about a person, by people with 10 choices each",
                figure: Self.list(growth.retrievals)
            )
        )
    }

    /// The first request of a tenant reads all that its people have chosen.
    private func askFirst(_ hub: ServerProcess, _ city: GovernedCity) throws {
        for side in GovernedCity.Side.allCases {
            var request = Visit.retrieval(headers: city.reading(side))
            try Client(to: hub.address).expect([200], request(0))
        }
    }

    private static func list(_ curve: Growth.Curve) -> String {
        curve.points.map { "\(short($0.microseconds)) µs with \(short(Double($0.count)))" }
            .joined(separator: ", ")
    }

    // MARK: On against off

    private func comparePublic(_ hub: ServerProcess, _ city: GovernedCity) throws {
        let retrieved = try compare { side in
            var request = Station.retrieval(headers: city.reading(side))
            func station(_ number: Int) -> Int { number &* 7_919 % GovernedCity.stations }
            return try self.loop(hub, connections: 32).run(
                Bound(requests: .max, seconds: self.burst),
                make: { number, _ in request(station(number)) },
                check: { number, answer in
                    Station.check(answer, is: station(number), whole: number % 16 == 0)
                }
            )
        }
        add("Retrieve public data", retrieved, atLeast: 0.9)
        let queried = try compare { side in
            var request = Station.zoneQuery(headers: city.reading(side))
            let zones = GovernedCity.stations / Station.stationsPerZone
            return try self.loop(hub, connections: 10).run(
                Bound(requests: .max, seconds: self.burst),
                make: { number, _ in request(0, number &* 7_919 % zones) },
                check: { number, answer in
                    if let complaint = answer.isNot(200) { return complaint }
                    guard number % 16 == 0 else { return nil }
                    let value = 1_000_000 + number &* 7_919 % zones
                    let found = answer.body.occurrences(of: "\"value\":\(value)}")
                    return found == 30 ? nil : "\(found) entities of the zone instead of 30"
                }
            )
        }
        add("Query public data, page of 30", queried, atLeast: 0.9)
    }

    private func comparePersonal(
        _ hub: ServerProcess,
        _ city: GovernedCity,
        _ people: Int
    ) throws {
        let before = try recordSize(hub)
        let retrieved = try compare { side in
            try self.retrieveVisits(hub, city, side, people, seconds: self.burst)
        }
        add(
            "Retrieve data about a person, \(short(Double(people))) people with 10 choices each",
            retrieved,
            atLeast: 0.7
        )
        let entries = try recordSize(hub) - before
        guard entries >= retrieved.on.requests else {
            throw BenchmarkError("\(entries) entries for \(retrieved.on.requests) answers")
        }
        report.add(
            Row(
                "Entries of the record, on disk before the answers leave, 32 connections",
                figure: "\(short(retrieved.on.perSecond))/s; \(short(Double(entries))) were made",
                targets: [.atLeast(10_000, "/s", retrieved.on.perSecond)]
            )
        )
    }

    private func retrieveVisits(
        _ hub: ServerProcess,
        _ city: GovernedCity,
        _ side: GovernedCity.Side,
        _ people: Int,
        seconds: Double
    ) throws -> Measurement {
        var request = Visit.retrieval(headers: city.reading(side))
        func visit(_ number: Int) -> Int { number &* 7_919 % people }
        return try loop(hub, connections: 32).run(
            Bound(requests: .max, seconds: seconds),
            make: { number, _ in request(visit(number)) },
            check: { number, answer in
                Visit.check(answer, is: visit(number), whole: number % 16 == 0)
            }
        ).checked()
    }

    /// Both sides in turn, so that what else runs on the machine slows down both.
    private func compare(
        _ run: (GovernedCity.Side) throws -> Measurement
    ) throws -> (off: Measurement, on: Measurement) {
        for side in GovernedCity.Side.allCases { _ = try run(side) }
        var off = Measurement()
        var on = Measurement()
        for _ in 0..<Self.rounds {
            off.add(try run(.off).checked())
            on.add(try run(.on).checked())
        }
        return (off, on)
    }

    private static let rounds = 5
    private var burst: Double { scale.seconds / Double(Self.rounds) }

    private func add(
        _ name: String,
        _ measured: (off: Measurement, on: Measurement),
        atLeast target: Double
    ) {
        let ratio = measured.on.perSecond / measured.off.perSecond
        let policies = GovernedCity.policies
        report.add(Row("\(name), without rules", figure: measured.off.summary))
        report.add(
            Row(
                "\(name), \(policies) policies",
                figure: measured.on.summary,
                ratio: String(format: "%.2f of that without rules", ratio),
                targets: [.atLeast(target, "of that without rules", ratio)]
            )
        )
    }

    // MARK: Memory and start

    /// Start, until an entity of the tenant with rules has been answered, and memory then.
    private func firstAnswer(
        _ city: GovernedCity,
        _ people: Int
    ) throws -> (megabytes: Double, milliseconds: Double) {
        let start = monotonicSeconds()
        return try city.with { hub in
            var request = Visit.retrieval(headers: city.reading(.on))
            let client = try Client(to: hub.address)
            try client.exchange(request(people - 1)) { answer in
                let complaint = Visit.check(answer, is: people - 1, whole: true)
                if let complaint { throw BenchmarkError(complaint) }
            }
            let milliseconds = (monotonicSeconds() - start) * 1000
            return (try hub.residentMegabytes().now, milliseconds)
        }
    }

    private func reportMemory(
        _ without: (megabytes: Double, milliseconds: Double),
        _ with: (megabytes: Double, milliseconds: Double),
        _ people: Int
    ) throws {
        let choices = short(Double(people * GovernedCity.choicesOfPerson))
        let more = with.megabytes - without.megabytes
        report.add(
            Row(
                "Resident memory with \(choices) choices, over the same hub without",
                figure: "\(short(more)) MB (\(short(with.megabytes)) MB and "
                    + "\(short(without.megabytes)) MB)",
                targets: [.atMost(150, "MB", more)]
            )
        )
        report.add(
            Row(
                "Start to first answer about a person with \(choices) choices",
                figure: "\(short(with.milliseconds)) ms; without them "
                    + "\(short(without.milliseconds)) ms"
            )
        )
    }

    // MARK: Objections

    /// People object one after the other while others' data is read by 32 connections: the time until an
    /// objection is answered, from when on it must hold.
    private func objections(
        _ hub: ServerProcess,
        _ city: GovernedCity,
        _ people: Int
    ) throws {
        // The last fifth objects; the rest is read.
        let objector = Objector(city, first: people - people / 5, end: people)
        let client = try Client(to: hub.address)
        poller.watch(client)
        defer { poller.forget(client) }
        try objector.begin(client)
        let load = try retrieveVisits(hub, city, .on, people - people / 5, seconds: scale.seconds)
        try objector.finish(client)
        var measured = objector.measurement
        measured.seconds = load.seconds
        measured.latencies.sort()
        measured = try measured.checked()
        let p99 = Double(measured.latencyMicroseconds(share: 0.99)) / 1000
        report.add(
            Row(
                "Objection to effect, beside 32 connections that read data about people",
                figure: String(
                    format: "p50 %.1f ms, p99 %.1f ms of %d objections; none was read after it",
                    Double(measured.latencyMicroseconds(share: 0.5)) / 1000,
                    p99,
                    measured.requests
                ) + "; \(short(load.perSecond)) reads/s beside it",
                targets: [.atMost(200, "ms p99", p99)]
            )
        )
    }

    // MARK: Proofs and decisions

    private func proofs(_ hub: ServerProcess, _ city: GovernedCity) throws {
        let size = try recordSize(hub)
        let measured = try loop(hub, connections: 1).run(
            Bound(requests: .max, seconds: scale.seconds * 0.4),
            make: { number, _ in
                Request("GET", "/record/proofs/\(number &* 7_919 % size)").bytes
            },
            check: { number, answer in
                answer.isNot(200)
                    ?? (answer.body.contains("c2sp.org/tlog-proof") ? nil : "no proof: \(number)")
            }
        ).checked()
        let median = Double(measured.latencyMicroseconds(share: 0.5)) / 1000
        report.add(
            Row(
                "A proof over HTTP, one connection, \(short(Double(size))) entries",
                figure: measured.summary,
                targets: [.atMost(1, "ms", median)]
            )
        )
    }

    /// Entries of the newest checkpoint that has all there are now.
    private func recordSize(_ hub: ServerProcess) throws -> Int {
        let client = try Client(to: hub.address)
        // Checkpoints are signed once a second.
        usleep(1_500_000)
        return try client.exchange(Request("GET", "/record/checkpoint").bytes) { answer in
            if let complaint = answer.isNot(200) { throw BenchmarkError(complaint) }
            let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
            guard lines.count > 1, let size = Int(lines[1]) else {
                throw BenchmarkError("the checkpoint has no size")
            }
            return size
        }
    }

    /// Decisions, and the record, in a program of their own, for no request shows what they cost by themselves.
    private func decisions() throws {
        let folder = data("leaves")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for line in try output("Decide", [folder.path]) {
            let words = line.split(separator: " ")
            guard words.count == 3, let count = Int(words[1]), let time = Double(words[2]) else {
                throw BenchmarkError("Decide said \"\(line)\"")
            }
            switch words[0] {
            case "policies": growth.policies.add(count, microseconds: time)
            case "choices": growth.choices.add(count, microseconds: time)
            case "leaves":
                report.add(
                    Row(
                        "Entries of the record by itself, each on disk before the next, \(count) callers",
                        figure: "\(short(time))/s",
                        targets: [.atLeast(10_000, "/s", time)]
                    )
                )
            default: throw BenchmarkError("Decide said \"\(line)\"")
            }
        }
        let slowest = (growth.policies.points + growth.choices.points).map(\.microseconds).max()
        report.add(
            Row(
                "A decision about an entity of a person",
                figure:
                    "by policies: \(Self.list(growth.policies)); "
                    + "by choices: \(Self.list(growth.choices))",
                targets: [.atMost(5, "µs", slowest ?? .infinity)]
            )
        )
    }
}

/// Lets one person after the other object, and looks whether the objection holds as soon as it is answered.
private final class Objector {
    private(set) var measurement = Measurement()
    private let end: Int
    private var person: Int
    private var isStopped = false
    private var isIdle = true
    private var objection: Request
    private var look: Request

    init(_ city: GovernedCity, first: Int, end: Int) {
        person = first
        self.end = end
        let body = """
            {"subject":"urn:person:########","purpose":"dpv:PublicHealth","recipient":null,\
            "choice":"object"}
            """
        objection = Request(
            "POST",
            "/governance/v1/choices",
            headers: city.administration(.on),
            body: body
        )
        look = Visit.retrieval(headers: city.reading(.on))
    }

    func begin(_ client: Client) throws {
        guard !isStopped, person < end else { return isIdle = true }
        isIdle = false
        let sent = monotonicSeconds()
        client.onAnswer = { [unowned self, unowned client] answer in
            measurement.requests += 1
            measurement.latencies.append(UInt32((monotonicSeconds() - sent) * 1e6))
            if let complaint = answer.isNot(201) { measurement.complain(complaint) }
            client.onAnswer = { [unowned self, unowned client] answer in
                if answer.status != 404 {
                    measurement.complain("read after the objection: \(answer.status)")
                }
                person += 1
                try begin(client)
            }
            try client.send(look(person))
        }
        try client.send(objection(person))
    }

    /// Waits for the answer that is due.
    func finish(_ client: Client) throws {
        isStopped = true
        let patience = monotonicSeconds() + 30
        while !isIdle {
            guard monotonicSeconds() < patience else {
                throw BenchmarkError("an objection was never answered")
            }
            try client.waitAndWake()
        }
    }
}

extension Client {
    /// Waits a moment for bytes, and takes them.
    fileprivate func waitAndWake() throws {
        var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        if poll(&waiting, 1, 1_000) > 0 { try wake() }
    }
}
