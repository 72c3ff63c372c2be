import Foundation
import Glibc
import Governance
import Synchronization

/// Looks up the addresses of names on threads of its own, for the system's look-up blocks for as long
/// as a name's server wishes.
///
/// The threads are shared out among the parties, and by address among those without a token; nobody waits longer than a while, and what was found,
/// or not found, is remembered for a moment. An address in digits is known without any of it.
final class NameResolver: Sendable {
    /// Names looked up at once.
    static let maximumThreads = 16
    static let timeout = Duration.seconds(5)
    /// Names whose addresses are remembered, and how long; one without an address is asked for again
    /// sooner.
    static let maximumRemembered = 1_000
    static let rememberedFor = Duration.seconds(30)
    static let failureRememberedFor = Duration.seconds(10)

    private struct Known: Sendable {
        var address: String?
        var until: ContinuousClock.Instant
    }

    private typealias Waiter = CheckedContinuation<String?, Never>

    /// A sharer's question for a name, which is looked up once for all of its requests that ask.
    ///
    /// Sharers do not share results, because a look-up can fail only for want of time in one sharer's share.
    private struct Question: Hashable {
        var host: String
        var sharer: Sharer
    }

    private struct State {
        var known = FairCache<Question, Known>(
            maximumBytes: maximumRemembered,
            maximumCount: maximumRemembered
        )
        var queue = DividedQueue<Party, AddressBlock, Question>(
            places: maximumThreads,
            dividing: .anonymous
        )
        var waiters: [Question: [Int: Waiter]] = [:]
        var nextWaiter = 0

        mutating func append(_ question: Question) {
            queue.append(question, of: question.sharer.party, question.sharer.address)
        }
    }
    private let state = Mutex(State())
    private let timeout: Duration
    private let lookUp: @Sendable (String) -> String?

    /// `lookUp` may block.
    init(
        timeout: Duration = NameResolver.timeout,
        lookUp: @escaping @Sendable (String) -> String? = {
            NameResolver.systemAddress(of: $0)
        }
    ) {
        self.timeout = timeout
        self.lookUp = lookUp
    }

    /// The first address of the host, in digits; nil when none is found in time.
    func address(of host: String, for sharer: Sharer) async -> String? {
        if let literal = Self.systemAddress(of: host, isNumeric: true) { return literal }
        let question = Question(host: host, sharer: sharer)
        let known = state.withLock { $0.known.use(question)?.value }
        if let known, known.until > .now { return known.address }
        return await withCheckedContinuation { wait(for: question, $0) }
    }

    private func wait(for question: Question, _ waiter: Waiter) {
        let number = state.withLock { state in
            state.nextWaiter += 1
            if state.waiters[question] == nil { state.append(question) }
            state.waiters[question, default: [:]][state.nextWaiter] = waiter
            return state.nextWaiter
        }
        Task { [self] in
            // Nothing cancels it: the waiter is answered once, by whoever comes first.
            try? await Task.sleep(for: timeout)
            giveUp(question, number)
        }
        startThreads()
    }

    /// Answers one who has waited long enough.
    private func giveUp(_ question: Question, _ number: Int) {
        let waiter = state.withLock { state in
            let waiter = state.waiters[question]?.removeValue(forKey: number)
            if waiter != nil { Self.remember(nil, question, in: &state) }
            return waiter
        }
        waiter?.resume(returning: nil)
    }

    private func startThreads() {
        while let (question, _, _) = state.withLock({ $0.queue.popNext() }) {
            Thread.detachNewThread { [self] in
                // Those who asked may have been answered while it waited for a thread.
                let isAwaited = state.withLock { !($0.waiters[question] ?? [:]).isEmpty }
                finish(question, isAwaited ? .some(lookUp(question.host)) : nil)
            }
        }
    }

    /// The thread is done; without an answer nobody wanted one any more.
    private func finish(_ question: Question, _ answer: String??) {
        let waiters = state.withLock { state in
            state.queue.giveBack(question.sharer.party, question.sharer.address)
            let waiters = state.waiters.removeValue(forKey: question) ?? [:]
            if let answer {
                Self.remember(answer, question, in: &state)
                return waiters
            }
            if !waiters.isEmpty {
                state.waiters[question] = waiters
                state.append(question)
            }
            return [:]
        }
        for waiter in waiters.values { waiter.resume(returning: answer ?? nil) }
        startThreads()
    }

    private static func remember(_ address: String?, _ question: Question, in state: inout State) {
        let duration = address == nil ? failureRememberedFor : rememberedFor
        let known = Known(address: address, until: .now + duration)
        _ = state.known.put(known, for: question, bytes: 1, owner: question.sharer.party)
    }

    /// The first address that the system knows of the host; with `isNumeric` only what digits say.
    static func systemAddress(of host: String, isNumeric: Bool = false) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = isNumeric ? AI_NUMERICHOST : 0
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0, let first else { return nil }
        defer { freeaddrinfo(first) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            first.pointee.ai_addr,
            first.pointee.ai_addrlen,
            &text,
            socklen_t(text.count),
            nil,
            0,
            NI_NUMERICHOST
        )
        guard code == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
