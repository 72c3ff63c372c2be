import Storage

/// An operation of one process on an outbox.
enum OutboxStep {
    /// Adds a message, with the term of the process.
    case enqueue(process: Int, recipients: [String])
    /// Requests the lease or its extension.
    case lease(process: Int, hasStartedAnew: Bool, seconds: Int)
    case claim(process: Int, limit: Int)
    /// Settles this many claimed messages, for one recipient or all.
    case settle(process: Int, count: Int, isWhole: Bool)
    case release(process: Int)
    case wait(seconds: Int)

    static func random(_ dice: inout SeededDice) -> OutboxStep {
        let process = Int.random(in: 0..<3, using: &dice)
        switch Int.random(in: 0..<14, using: &dice) {
        case 0...4:
            let recipients = ["s", "t", "u"].filter { _ in Bool.random(using: &dice) }
            return .enqueue(process: process, recipients: recipients.isEmpty ? ["s"] : recipients)
        case 5...6:
            return .lease(
                process: process,
                hasStartedAnew: Int.random(in: 0..<5, using: &dice) == 0,
                seconds: .random(in: 1...8, using: &dice)
            )
        case 7...9: return .claim(process: process, limit: .random(in: 1...6, using: &dice))
        case 10...11:
            return .settle(
                process: process,
                count: .random(in: 1...3, using: &dice),
                isWhole: Bool.random(using: &dice)
            )
        case 12: return .release(process: process)
        default: return .wait(seconds: .random(in: 1...6, using: &dice))
        }
    }

    /// The answer of a store.
    enum Answer: Equatable {
        case enqueued(EnqueuedMessage)
        case leased(OutboxLease?)
        case claimed([OutboxMessage])
        case done
        case refused
    }

    func take(in store: any TenantStore, as model: OutboxModel) async throws -> Answer {
        do {
            return try await store.bookkeep { try self.take(in: $0, as: model) }
        } catch let error as StorageError where error.code == .leaseLost {
            return .refused
        }
    }

    private func take(
        in transaction: any BookkeepingTransaction,
        as model: OutboxModel
    ) throws -> Answer {
        switch self {
        case .enqueue(let process, let recipients):
            let claimed = model.claimants[process]
            let term = claimed.hasAll ? claimed.term : nil
            return .enqueued(
                try transaction.enqueue([1, 2], to: recipients, at: seconds(model.now), in: term)
            )
        case .lease(let process, let hasStartedAnew, let length):
            return .leased(
                try transaction.leaseOutbox(
                    to: "\(process)",
                    having: hasStartedAnew ? nil : model.claimants[process].term,
                    until: seconds(model.now + length),
                    now: seconds(model.now)
                )
            )
        case .claim(let process, let limit):
            return .claimed(
                try transaction.claimOutbox(
                    after: 0,
                    limit: limit,
                    in: model.claimants[process].term ?? 0,
                    grant: Grants.delivering
                )
            )
        case .settle(let process, let count, let isWhole):
            let claimant = model.claimants[process]
            let term = claimant.term ?? 0
            let numbers = Array(claimant.claimed.prefix(count))
            if isWhole {
                try transaction.removeFromOutbox(numbers, in: term)
            } else {
                try transaction.narrowOutbox(numbers.map { ($0, ["u"]) }, in: term)
            }
            return .done
        case .release(let process):
            try transaction.releaseOutbox(in: model.claimants[process].term ?? 0)
            return .done
        case .wait: return .done
        }
    }
}

/// The expected state of an outbox that three processes use.
struct OutboxModel {
    struct Claimant {
        var term: Int64?
        /// Whether a claim has returned fewer messages than the limit, in this term.
        var hasAll = false
        /// The numbers of the claimed messages, in the order of the claims.
        var claimed: [Int64] = []
    }

    var claimants = [Claimant](repeating: Claimant(), count: 3)
    var now = 0
    /// The process that has the lease, and its end.
    private var holder: (process: Int, until: Int)?
    private var removed: Set<Int64> = []

    /// Applies the answer to a step; false if a store must not answer so.
    mutating func note(_ step: OutboxStep, _ answer: OutboxStep.Answer) -> Bool {
        switch (step, answer) {
        case (.enqueue(let process, _), .enqueued(let message)):
            guard message.isClaimed else { return true }
            defer { claimants[process].claimed.append(message.sequence) }
            return holder?.process == process
                && claimants[process].claimed.allSatisfy { $0 < message.sequence }
        case (.lease(let process, let hasStartedAnew, let length), .leased(let lease)):
            return note(process, hasStartedAnew, length, lease)
        case (.claim(let process, let limit), .claimed(let messages)):
            let numbers = messages.map(\.sequence)
            defer {
                claimants[process].claimed += numbers
                if numbers.count < limit { claimants[process].hasAll = true }
            }
            // Each message once in a term, in order, and no settled message.
            return holder?.process == process
                && (claimants[process].claimed + numbers).isStrictlyIncreasing
                && removed.isDisjoint(with: numbers)
        case (.settle(let process, let count, let isWhole), .done):
            let numbers = claimants[process].claimed.prefix(count)
            if isWhole {
                removed.formUnion(numbers)
                claimants[process].claimed.removeFirst(numbers.count)
            }
            return holder?.process == process
        case (.claim(let process, _), .refused), (.settle(let process, _, _), .refused):
            return claimants[process].term == nil || holder?.process != process
        case (.release(let process), .done):
            if holder?.process == process, claimants[process].term != nil { holder?.until = .min }
            return true
        case (.wait(let seconds), .done):
            now += seconds
            return true
        default: return false
        }
    }

    private mutating func note(
        _ process: Int,
        _ hasStartedAnew: Bool,
        _ length: Int,
        _ lease: OutboxLease?
    ) -> Bool {
        let isFree = holder.map { $0.process == process || $0.until <= now } ?? true
        guard let lease else { return !isFree }
        let isExtended =
            holder?.process == process && !hasStartedAnew && claimants[process].term == lease.term
        if isExtended {
            let end = max(holder?.until ?? 0, now + length)
            holder?.until = end
        } else {
            // The former holder has lost it.
            if let former = holder?.process { claimants[former] = Claimant() }
            claimants[process] = Claimant(term: lease.term)
            holder = (process, now + length)
        }
        return isFree && lease.owner == "\(process)"
    }
}

extension [Int64] {
    fileprivate var isStrictlyIncreasing: Bool { zip(self, dropFirst()).allSatisfy(<) }
}
