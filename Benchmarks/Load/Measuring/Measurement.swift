/// What a run of requests came to.
struct Measurement {
    var requests = 0
    var seconds = 0.0
    /// Answers that were not what they had to be; the first one's words.
    var wrong = 0
    var firstComplaint: String?
    /// Sorted, one per request.
    var latencies: [UInt32] = []
    /// Processor time of the server and of this tool.
    var serverSeconds = 0.0
    var toolSeconds = 0.0

    var perSecond: Double { seconds > 0 ? Double(requests) / seconds : 0 }

    /// The time a request took that only one of `1 / (1 - share)` exceeded.
    func latencyMicroseconds(share: Double) -> Int {
        guard !latencies.isEmpty else { return 0 }
        return Int(latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))])
    }

    mutating func complain(_ complaint: String) {
        wrong += 1
        if firstComplaint == nil { firstComplaint = complaint }
    }

    /// Adds another run of the same.
    mutating func add(_ other: Measurement) {
        requests += other.requests
        seconds += other.seconds
        wrong += other.wrong
        firstComplaint = firstComplaint ?? other.firstComplaint
        latencies = (latencies + other.latencies).sorted()
        serverSeconds += other.serverSeconds
        toolSeconds += other.toolSeconds
    }

    /// Itself, unless an answer was wrong: a figure of wrong answers is none.
    func checked() throws -> Measurement {
        guard wrong == 0 else {
            throw BenchmarkError("\(wrong) of \(requests) answers wrong: \(firstComplaint ?? "")")
        }
        guard requests > 0 else { throw BenchmarkError("no request was answered in time") }
        return self
    }
}

/// How many, and how long at most.
struct Bound {
    var requests: Int
    var seconds: Double
}

/// Connections that each send the next request as soon as the last is answered.
struct ClosedLoop {
    let poller: Poller
    let server: any Measured
    let connections: Int

    /// The bytes of request `number`, which `connection` sends.
    typealias Making = (_ number: Int, _ connection: Int) -> [UInt8]
    /// What is wrong with the answer to request `number`; nil when nothing is.
    typealias Checking = (_ number: Int, Message) -> String?

    func run(
        _ bound: Bound,
        make: @escaping Making,
        check: @escaping Checking
    ) throws
        -> Measurement
    {
        let run = Run(bound: bound, make: make, check: check)
        let clients = try (0..<connections).map { _ in try Client(to: server.address) }
        let serverBefore = try server.processorSeconds()
        let toolBefore = toolProcessorSeconds()
        run.start = monotonicSeconds()
        for (connection, client) in clients.enumerated() {
            poller.watch(client)
            try run.begin(client, connection)
        }
        defer { clients.forEach(poller.forget) }
        while run.underway > 0 {
            try poller.turn(waitMilliseconds: 1000)
            guard monotonicSeconds() < run.start + bound.seconds + Self.patienceSeconds else {
                throw BenchmarkError("\(run.underway) requests were never answered")
            }
        }
        var result = run.result
        result.seconds = monotonicSeconds() - run.start
        result.serverSeconds = try server.processorSeconds() - serverBefore
        result.toolSeconds = toolProcessorSeconds() - toolBefore
        result.latencies.sort()
        return result
    }

    private static let patienceSeconds = 30.0

    private final class Run {
        let bound: Bound
        let make: Making
        let check: Checking
        var start = 0.0
        var result = Measurement()
        var underway = 0
        private var next = 0

        init(bound: Bound, make: @escaping Making, check: @escaping Checking) {
            self.bound = bound
            self.make = make
            self.check = check
            result.latencies.reserveCapacity(min(bound.requests, 1_000_000))
        }

        func begin(_ client: Client, _ connection: Int) throws {
            var sent = start
            var number = 0
            let send = { [unowned self, unowned client] (now: Double) throws in
                guard next < bound.requests, now < start + bound.seconds else { return }
                number = next
                next += 1
                underway += 1
                sent = now
                try client.send(make(number, connection))
            }
            client.onAnswer = { [unowned self] message in
                let now = monotonicSeconds()
                underway -= 1
                result.requests += 1
                result.latencies.append(UInt32((now - sent) * 1e6))
                if let complaint = check(number, message) { result.complain(complaint) }
                try send(now)
            }
            try send(start)
        }
    }
}

extension Message {
    /// A complaint unless the status is the one expected.
    func isNot(_ expected: Int) -> String? {
        guard status != expected else { return nil }
        let text = String(decoding: body.prefix(300), as: UTF8.self)
        return "status \(status) instead of \(expected): \(text)"
    }
}
