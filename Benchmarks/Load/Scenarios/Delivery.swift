import Foundation

extension Bench {
    /// Whether each notification arrives, once writes come at a steady rate.
    func delivery() throws {
        let stages: [(writesPerSecond: Int, oneWatchedIn: Int)] = scale.pick(
            quick: [(2_000, 10)],
            usual: [(200, 1), (2_000, 10), (2_000, 1)]
        )
        for stage in stages {
            try withHub("delivery-\(stage.writesPerSecond)-\(stage.oneWatchedIn)") { hub in
                _ = try batches(0..<Watching.stations, of: hub)
                let receiver = try Receiver(poller)
                defer { receiver.stop() }
                try subscribe(hub, 0..<(Watching.watched * Watching.perStation), receiver)
                let run = DeliveryRun(
                    writesPerSecond: stage.writesPerSecond,
                    oneWatchedIn: stage.oneWatchedIn,
                    seconds: scale.seconds * 0.8
                )
                try run.go(hub, receiver, poller)
                report.add(run.row)
            }
        }
    }
}

/// Writes at a steady rate, and what became of the notifications they ask for.
private final class DeliveryRun {
    private static let connections = 32
    /// After the last write, for what is still on its way.
    private static let patienceSeconds = 15.0

    private let writesPerSecond: Int
    /// One write in so many is to a watched station.
    private let oneWatchedIn: Int
    private let writes: Int
    /// By version and subscription of its station.
    private var arrived: [Bool]
    private var firstArrivals = 0
    private var repeated = 0
    private var outOfOrder = 0
    private var latest: [Int: Int] = [:]
    private var expected = 0
    private var writeSeconds = 0.0
    private var lastArrival = 0.0
    private var wrong = 0
    private var firstComplaint = ""

    init(writesPerSecond: Int, oneWatchedIn: Int, seconds: Double) {
        self.writesPerSecond = writesPerSecond
        self.oneWatchedIn = oneWatchedIn
        writes = Int(Double(writesPerSecond) * seconds)
        arrived = [Bool](repeating: false, count: writes * Watching.perStation)
    }

    private func isWatched(_ version: Int) -> Bool { version % oneWatchedIn == 0 }

    private func station(_ version: Int) -> Int {
        isWatched(version)
            ? version / oneWatchedIn % Watching.watched
            : Watching.watched + version % (Watching.stations - Watching.watched)
    }

    func go(_ hub: ServerProcess, _ receiver: Receiver, _ poller: Poller) throws {
        receiver.onNotification = { [unowned self] in note($0) }
        let clients = try (0..<Self.connections).map { _ in try Client(to: hub.address) }
        var idle = clients
        var request = Station.attributeUpdate()
        var answered = 0
        for client in clients {
            client.onAnswer = { [unowned self, unowned client] answer in
                answered += 1
                if let complaint = answer.isNot(204) { complain(complaint) }
                idle.append(client)
            }
            poller.watch(client)
        }
        defer { clients.forEach(poller.forget) }
        let start = monotonicSeconds()
        var version = 0
        while answered < writes {
            let due = min(writes, Int((monotonicSeconds() - start) * Double(writesPerSecond)))
            while version < due, let client = idle.popLast() {
                if isWatched(version) { expected += Watching.perStation }
                try client.send(request(station(version), version))
                version += 1
            }
            try poller.turn(waitMilliseconds: 1)
            guard monotonicSeconds() < start + 60 else { throw BenchmarkError("writes hang") }
        }
        writeSeconds = monotonicSeconds() - start
        lastArrival = writeSeconds
        let end = monotonicSeconds() + Self.patienceSeconds
        while firstArrivals < expected, monotonicSeconds() < end {
            let before = firstArrivals
            try poller.turn(waitMilliseconds: 100)
            if firstArrivals > before { lastArrival = monotonicSeconds() - start }
        }
        guard wrong == 0 else { throw BenchmarkError("\(wrong) wrong: \(firstComplaint)") }
    }

    private func complain(_ complaint: String) {
        wrong += 1
        if wrong == 1 { firstComplaint = complaint }
    }

    /// A notification says whose it is and has one value or more, newest last.
    private func note(_ body: UnsafeRawBufferPointer) {
        let prefix: StaticString = "\"subscriptionId\":\"urn:ngsi-ld:Subscription:"
        guard let found = body.offset(of: prefix),
            let subscription = body.number(at: found + prefix.utf8CodeUnitCount)
        else { return complain("a notification without its subscription") }
        let valueKey: StaticString = "\"value\":"
        var position = 0
        while let value = body.offset(of: valueKey, from: position) {
            position = value + valueKey.utf8CodeUnitCount
            note((body.number(at: position) ?? 0) - 1_000_000, subscription)
        }
    }

    private func note(_ version: Int, _ subscription: Int) {
        guard version >= 0, version < writes, isWatched(version),
            subscription % Watching.watched == station(version)
        else { return complain("subscription \(subscription) was told of write \(version)") }
        let index = version * Watching.perStation + subscription / Watching.watched
        guard !arrived[index] else { return repeated += 1 }
        arrived[index] = true
        firstArrivals += 1
        if let before = latest[subscription], before > version { outOfOrder += 1 }
        latest[subscription] = version
    }

    var row: Row {
        let share = Double(firstArrivals) / Double(max(expected, 1)) * 100
        let reached = Double(writes) / writeSeconds
        let perWrite = Watching.perStation / oneWatchedIn
        return Row(
            "Delivery, 10,000 subscriptions, \(short(Double(writesPerSecond))) writes/s, "
                + "\(perWrite == 1 ? "1 notification" : "\(perWrite) notifications") a write",
            figure: String(
                format: "%@ %% of %@ delivered at %@ writes/s, the last %.1f s after the last "
                    + "write; %d repeated, %d out of order",
                short(share),
                short(Double(expected)),
                short(reached),
                lastArrival - writeSeconds,
                repeated,
                outOfOrder
            ),
            targets: [
                .atLeast(100, "% delivered", share),
                .atLeast(Double(writesPerSecond) * 0.98, "writes/s", reached),
            ]
        )
    }
}
