import Foundation
import Glibc
import Governance
import Synchronization

/// Looks up the addresses of names on its own threads, because the system's lookup blocks for as
/// long as a name server wishes.
///
/// The threads are shared out among the parties, and among addresses without a token. Callers wait
/// for a limited time. Results, also negative ones, are cached for a short time. A numeric address
/// needs no lookup.
final class NameResolver: Sendable {
    /// The names looked up at once.
    static let maximumThreads = 16
    static let timeout = Duration.seconds(5)
    /// The names whose addresses are cached, and for how long; one without an address is looked up
    /// again sooner.
    static let maximumCached = 1_000
    static let rememberedFor = Duration.seconds(30)
    static let failureRememberedFor = Duration.seconds(10)

    private struct Known: Sendable {
        var address: String?
        var until: ContinuousClock.Instant
    }

    private typealias Waiter = CheckedContinuation<String?, Never>

    /// A sharer's question for a name, which is looked up once for all requests of the sharer.
    ///
    /// Sharers do not share results, because a lookup may fail only because one sharer's share is
    /// used up.
    private struct Question: Hashable {
        var host: String
        var sharer: Sharer
    }

    private struct State {
        var known = FairCache<Question, Known>(
            maximumBytes: maximumCached,
            maximumCount: maximumCached
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

    /// The first address of the host in numeric form; nil when none is found in time.
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
            // It is not cancelled: the waiter gets the first of the two results.
            try? await Task.sleep(for: timeout)
            giveUp(question, number)
        }
        startThreads()
    }

    /// Answers a waiter whose time is over.
    private func giveUp(_ question: Question, _ number: Int) {
        let waiter = state.withLock { state in
            let waiter = state.waiters[question]?.removeValue(forKey: number)
            if waiter != nil { Self.cache(nil, question, in: &state) }
            return waiter
        }
        waiter?.resume(returning: nil)
    }

    private func startThreads() {
        while let (question, _, _) = state.withLock({ $0.queue.popNext() }) {
            Thread.detachNewThread { [self] in
                // The waiters may have been answered while the question waited for a thread.
                let isAwaited = state.withLock { !($0.waiters[question] ?? [:]).isEmpty }
                finish(question, isAwaited ? .some(lookUp(question.host)) : nil)
            }
        }
    }

    /// Ends a lookup; nil as the answer means that nobody waited for one any more.
    private func finish(_ question: Question, _ answer: String??) {
        let waiters = state.withLock { state in
            state.queue.giveBack(question.sharer.party, question.sharer.address)
            let waiters = state.waiters.removeValue(forKey: question) ?? [:]
            if let answer {
                Self.cache(answer, question, in: &state)
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

    private static func cache(_ address: String?, _ question: Question, in state: inout State) {
        let duration = address == nil ? failureRememberedFor : rememberedFor
        let known = Known(address: address, until: .now + duration)
        _ = state.known.put(known, for: question, bytes: 1, owner: question.sharer.party)
    }

    /// The first address of the host according to the system; with `isNumeric`, without a lookup.
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
