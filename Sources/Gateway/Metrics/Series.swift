import CoreMetrics
import Synchronization

/// A series in the registry.
enum Series: Sendable {
    case counter(Count)
    case gauge(Level)
    case histogram(Histogram)

    /// Whether nothing was recorded in it.
    var isEmpty: Bool {
        switch self {
        case .counter(let count): count.value == 0
        case .gauge: false
        case .histogram(let histogram): histogram.cumulative.counts.last == 0
        }
    }
}

/// A number that only grows.
final class Count: CounterHandler, Sendable {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { count.store(0, ordering: .relaxed) }
    var value: Int64 { count.load(ordering: .relaxed) }
}

/// A number that grows and falls.
final class Level: RecorderHandler, MeterHandler, Sendable {
    private let level = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { level.withLock { $0 = value } }
    func increment(by amount: Double) { level.withLock { $0 += amount } }
    func decrement(by amount: Double) { level.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    var value: Double { level.withLock { $0 } }
}

/// The number of values between fixed bounds.
final class Histogram: TimerHandler, RecorderHandler, Sendable {
    /// The bounds for seconds: from a tenth of a millisecond to ten seconds.
    static let secondsBounds = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
        5, 10,
    ]
    /// The bounds for sizes and counts: from one to ten million.
    static let sizeBounds = [1.0, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262_144, 1e6, 1e7]

    private struct State {
        var counts: [Int64]
        var sum = 0.0
    }

    let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    /// The number of values up to and including each bound, the last without one, and the sum of
    /// all values.
    var cumulative: (counts: [Int64], sum: Double) {
        let state = state.withLock { $0 }
        var total: Int64 = 0
        return (
            state.counts.map { count in
                total += count
                return total
            }, state.sum
        )
    }
}
