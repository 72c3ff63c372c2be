/// The outcome of a request.
struct RequestOutcome: Sendable {
    var request: HubRequest
    var ticket: ImportState.Ticket
    /// The entities that the hub refused while it accepted others.
    var refusals: [EntityRefusal] = []
    /// The reason why the hub refused all of it.
    var refusal: String?
}

/// The state of a running import: the requests being sent, and the records that are done.
struct ImportState {
    /// Identifies a request that is being sent.
    struct Ticket: Hashable, Sendable {
        fileprivate let number: Int
        fileprivate let batch: Int
    }

    var tally = ImportTally()
    /// The requests being sent, with the entities they are about.
    private var onTheirWay: [Ticket: Set<String>] = [:]
    private var lastNumber = 0
    /// The batches that are not done, in order: the last record of each, and its open requests.
    private var batches: [(endRecord: Int, openRequests: Int)] = []
    private var settledBatches = 0

    /// Notes that a batch of this many requests follows.
    mutating func began(batchOf requests: Int) {
        batches.append((tally.records, requests))
    }

    /// Whether the request has to wait for an answer: because there are enough requests, or
    /// because one is about the same entity and must not be overtaken.
    func mustWait(with request: HubRequest) -> Bool {
        onTheirWay.count >= ImportRun.maximumRequestsInFlight
            || onTheirWay.values.contains { busy in
                request.origins.contains { busy.contains($0.entityID) }
            }
    }

    /// Notes that the request, of the last batch, is being sent.
    mutating func sent(_ request: HubRequest) -> Ticket {
        lastNumber += 1
        let ticket = Ticket(number: lastNumber, batch: settledBatches + batches.count - 1)
        onTheirWay[ticket] = Set(request.origins.map(\.entityID))
        return ticket
    }

    /// Notes the outcome; returns the last record of those that are done, if it has changed.
    mutating func settled(_ outcome: RequestOutcome) -> Int? {
        onTheirWay[outcome.ticket] = nil
        count(outcome)
        batches[outcome.ticket.batch - settledBatches].openRequests -= 1
        var acknowledged: Int?
        while let first = batches.first, first.openRequests == 0 {
            acknowledged = first.endRecord
            batches.removeFirst()
            settledBatches += 1
        }
        return acknowledged
    }

    private mutating func count(_ outcome: RequestOutcome) {
        let request = outcome.request
        guard outcome.refusal == nil else {
            return countRefused(request, outcome.refusal ?? "")
        }
        for origin in request.origins {
            tally.entities += origin.load.entities
            tally.readings += origin.load.readings
        }
        let problems = outcome.refusals.map { refused($0, request) }
        tally.add(problems)
    }

    /// Subtracts an entity that the hub refused; returns the problem to report.
    private mutating func refused(_ refusal: EntityRefusal, _ request: HubRequest) -> RowProblem {
        let origin = request.origins.first { $0.entityID == refusal.entityID }
        tally.entities -= origin?.load.entities ?? 0
        tally.readings -= origin?.load.readings ?? 0
        return RowProblem(
            file: origin?.file ?? "",
            line: origin?.line ?? 0,
            reason: "The hub refused `\(refusal.entityID)`: \(refusal.reason)"
        )
    }

    private mutating func countRefused(_ request: HubRequest, _ reason: String) {
        let problems = request.origins.map { origin in
            let what =
                request.operation == .history
                ? "\(origin.load.readings) readings of `\(origin.entityID)`, the first from here,"
                : "`\(origin.entityID)`"
            return RowProblem(
                file: origin.file,
                line: origin.line,
                reason: "The hub refused \(what): \(reason)"
            )
        }
        tally.add(problems)
        if request.operation == .history {
            tally.failures += request.origins.reduce(0) { $0 + $1.load.readings } - problems.count
        }
    }
}
