/// What became of a request.
struct RequestOutcome: Sendable {
    var request: HubRequest
    var ticket: ImportState.Ticket
    /// Entities the hub refused while it took the others.
    var refusals: [EntityRefusal] = []
    /// Why the hub refused all of it.
    var refusal: String?
}

/// The account of a running import: which requests are on their way, which records are safe.
struct ImportState {
    /// Tells a request on its way from the others.
    struct Ticket: Hashable, Sendable {
        fileprivate let number: Int
        fileprivate let batch: Int
    }

    var tally = ImportTally()
    /// Requests on their way, with the entities they are about.
    private var onTheirWay: [Ticket: Set<String>] = [:]
    private var lastNumber = 0
    /// Batches not yet settled, in order: the record each ends with, and its open requests.
    private var batches: [(endRecord: Int, openRequests: Int)] = []
    private var settledBatches = 0

    /// Notes that a batch of so many requests follows.
    mutating func began(batchOf requests: Int) {
        batches.append((tally.records, requests))
    }

    /// Whether the request has to wait for an answer to another one: because there are enough, or
    /// because one is about the same entity and must not be overtaken.
    func mustWait(with request: HubRequest) -> Bool {
        onTheirWay.count >= ImportRun.maximumRequestsInFlight
            || onTheirWay.values.contains { busy in
                request.origins.contains { busy.contains($0.entityID) }
            }
    }

    /// Notes that the request, of the batch begun last, is on its way.
    mutating func sent(_ request: HubRequest) -> Ticket {
        lastNumber += 1
        let ticket = Ticket(number: lastNumber, batch: settledBatches + batches.count - 1)
        onTheirWay[ticket] = Set(request.origins.map(\.entityID))
        return ticket
    }

    /// Notes the outcome; answers the record up to which all is settled, if that moved.
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

    /// Takes an entity that the hub refused off the account again; answers what to tell.
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
