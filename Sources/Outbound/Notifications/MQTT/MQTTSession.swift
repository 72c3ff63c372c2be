import Broker
import Dispatch
import Foundation
import Synchronization

/// A connection to an MQTT broker, on its own thread because the library blocks.
///
/// It lives until the broker is lost, has not answered a message in time, or nothing has been
/// published for a while. Messages without an answer have failed then, and the dispatcher decides
/// whether to send them again. So the library must neither store messages nor send them later by
/// itself.
///
/// Messages wait here, and not in the library, until the broker takes them; whether they may still leave
/// is asked then.
final class MQTTSession: Sendable {
    private static let idleLimit = Duration.seconds(60)
    /// The longest time between two checks of deadlines.
    private static let longestNapMilliseconds: Int32 = 1_000
    private static let late = "The MQTT broker did not answer in time."

    /// A notification that waits for the broker.
    private struct Job {
        var payload: [UInt8]
        var topic: String
        var qualityOfService: Int
        var deadline: ContinuousClock.Instant
        var mayLeave: @Sendable () async -> Bool
        var answer: CheckedContinuation<DeliveryResult?, Never>
    }

    private struct Inbox {
        var jobs: [Job] = []
        var isOver = false
        var mustStop = false
    }

    private let broker: MQTTEndpoint.Broker
    /// The host to connect to: the address that was checked, or the name that a certificate
    /// guarantees.
    private let host: String
    private let inbox = Mutex(Inbox())
    private let bell: WakeUp
    /// The last answer to whether a message may leave, and the signal that it is there.
    private let verdict = Mutex(false)
    private let decided = DispatchSemaphore(value: 0)

    init?(_ broker: MQTTEndpoint.Broker, host: String) {
        guard let bell = WakeUp() else { return nil }
        self.broker = broker
        self.host = host
        self.bell = bell
        Thread.detachNewThread { self.run() }
    }

    /// Publishes once; nil when the session has ended and another one is needed.
    func publish(
        _ payload: [UInt8],
        to topic: String,
        qualityOfService: Int,
        deadline: ContinuousClock.Instant,
        mayLeave: @escaping @Sendable () async -> Bool
    ) async -> DeliveryResult? {
        await withCheckedContinuation { continuation in
            let job = Job(
                payload: payload,
                topic: topic,
                qualityOfService: qualityOfService,
                deadline: deadline,
                mayLeave: mayLeave,
                answer: continuation
            )
            let isTaken = inbox.withLock { inbox in
                guard !inbox.isOver, !inbox.mustStop else { return false }
                inbox.jobs.append(job)
                return true
            }
            if isTaken { bell.ring() } else { continuation.resume(returning: nil) }
        }
    }

    /// Whether another session is needed.
    var isOver: Bool { inbox.withLock(\.isOver) }

    /// Ends the session; messages without an answer fail.
    func stop() {
        inbox.withLock { $0.mustStop = true }
        bell.ring()
    }

    // MARK: On the thread

    private func run() {
        guard let client = MQTTClient(broker) else {
            return end([], "The MQTT library cannot be used.")
        }
        client.connect(to: host, port: broker.port)
        var waiting: [Job] = []
        var sent: [Int32: Job] = [:]
        var lastUse = ContinuousClock.now
        while true {
            if case .over(let reason) = client.phase {
                return end(waiting + sent.values, reason)
            }
            let (jobs, mustStop) = take()
            if !jobs.isEmpty { lastUse = .now }
            waiting += jobs
            settle(client, &sent)
            if client.phase == .connected {
                // Messages that are answered at once make room for others.
                while publish(&waiting, to: client, &sent) { settle(client, &sent) }
            }
            failOverdue(&waiting)
            if sent.values.contains(where: { $0.deadline <= .now }) {
                return end(waiting + sent.values, Self.late)
            }
            let isIdle = waiting.isEmpty && sent.isEmpty && lastUse + Self.idleLimit < .now
            if mustStop || isIdle {
                client.disconnect()
                return end(waiting + sent.values, "The hub is stopping.")
            }
            let ready = bell.wait(
                for: client.socket,
                wantsToWrite: client.wantsToWrite,
                milliseconds: Self.nap(waiting + sent.values)
            )
            client.work(canRead: ready.canRead, canWrite: ready.canWrite)
        }
    }

    private func take() -> (jobs: [Job], mustStop: Bool) {
        inbox.withLock { inbox in
            defer { inbox.jobs = [] }
            return (inbox.jobs, inbox.mustStop)
        }
    }

    /// Publishes what the broker takes at once; whether that was anything.
    private func publish(
        _ waiting: inout [Job],
        to client: MQTTClient,
        _ sent: inout [Int32: Job]
    ) -> Bool {
        var count = 0
        while count < waiting.count, sent.count < client.mostUnanswered, client.isClear {
            let job = waiting[count]
            count += 1
            guard mayLeave(job) else {
                job.answer.resume(returning: .withheld)
                continue
            }
            let number = client.publish(
                job.payload,
                to: job.topic,
                qualityOfService: job.qualityOfService
            )
            if let number {
                sent[number] = job
            } else {
                job.answer.resume(returning: .failed("The MQTT broker did not accept the message."))
            }
        }
        waiting.removeFirst(count)
        return count > 0
    }

    /// Asks whether the message may still be sent, and blocks the session's own thread until the answer is there.
    private func mayLeave(_ job: Job) -> Bool {
        Task {
            let answer = await job.mayLeave()
            verdict.withLock { $0 = answer }
            decided.signal()
        }
        decided.wait()
        return verdict.withLock(\.self)
    }

    private func settle(_ client: MQTTClient, _ sent: inout [Int32: Job]) {
        for (number, refusal) in client.takeAnswers() {
            let job = sent.removeValue(forKey: number)
            let reason = refusal.map { "The MQTT broker refuses the message: \($0)." }
            job?.answer.resume(returning: reason.map { .failed($0) } ?? .delivered)
        }
    }

    private func failOverdue(_ waiting: inout [Job]) {
        let now = ContinuousClock.now
        waiting.removeAll { job in
            guard job.deadline <= now else { return false }
            job.answer.resume(returning: .failed(Self.late))
            return true
        }
    }

    private static func nap(_ jobs: [Job]) -> Int32 {
        guard let first = jobs.map(\.deadline).min() else { return longestNapMilliseconds }
        let (seconds, attoseconds) = (first - .now).components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1
        return Int32(clamping: min(Int64(longestNapMilliseconds), max(1, milliseconds)))
    }

    private func end(_ jobs: [Job], _ reason: String) {
        let late = inbox.withLock { inbox in
            inbox.isOver = true
            defer { inbox.jobs = [] }
            return inbox.jobs
        }
        for job in jobs { job.answer.resume(returning: .failed(reason)) }
        // They were never published: another session may try.
        for job in late { job.answer.resume(returning: nil) }
    }
}
