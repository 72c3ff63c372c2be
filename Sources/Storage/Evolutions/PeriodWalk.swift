package import ContextModel

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Aggregates values by period (clause 4.5.19) as they arrive.
///
/// A period without a value has no element: a gap is not a zero.
package struct PeriodWalk {
    private let aggregation: Aggregation
    private let query: TemporalQuery
    private let now: Timestamp
    private var sums: [Int: PeriodSum] = [:]
    /// The number of periods before the current one; stored, so that reading it copies nothing.
    package private(set) var count = 0
    /// The approximate number of bytes kept for the values: texts, and the sets that tell values
    /// apart.
    package private(set) var bytes = 0
    private var origin: Timestamp?
    /// The period entered last: its index, its bounds and its values.
    ///
    /// Before the first value its bounds contain no moment.
    private var periodIndex = 0
    private var periodStart = Int64.max
    private var periodEnd = Int64.min
    private var sum: PeriodSum

    package init(_ query: TemporalQuery, _ aggregation: Aggregation, now: Timestamp) {
        self.query = query
        self.aggregation = aggregation
        self.now = now
        origin = query.from
        sum = PeriodSum(aggregation)
    }

    /// Adds the numbers at these indices whose moments lie in `times`.
    package mutating func add(
        _ numbers: [Double],
        at moments: [Int64],
        places: Range<Int>,
        times: Range<Int64>
    ) {
        for place in places {
            let moment = moments[place]
            if times.contains(moment) { add(numbers[place], at: moment) }
        }
    }

    @inline(__always)
    private mutating func add(_ number: Double, at moment: Int64) {
        if moment < periodStart || moment >= periodEnd { enter(moment) }
        if sum.countsDistinct { return counting { $0.add(number) } }
        sum.add(number)
    }

    package mutating func add(_ scalar: Scalar, at moment: Int64) {
        if case .number(let number) = scalar { return add(number, at: moment) }
        if moment < periodStart || moment >= periodEnd { enter(moment) }
        counting { $0.add(scalar) }
    }

    package mutating func add(_ value: JSONValue, at moment: Int64) {
        if moment < periodStart || moment >= periodEnd { enter(moment) }
        counting { $0.add(value) }
    }

    /// Runs `add` and counts the bytes that it keeps.
    private mutating func counting(_ add: (inout PeriodSum) -> Void) {
        let before = sum.bytes
        add(&sum)
        bytes += sum.bytes - before
    }

    /// Makes the period of the moment the current one.
    ///
    /// Moments mostly come in order.
    private mutating func enter(_ moment: Int64) {
        leave()
        let first = origin ?? Timestamp(microseconds: moment)
        origin = first
        periodIndex = index(of: moment, from: first)
        periodStart = start(periodIndex, from: first).microseconds
        periodEnd = start(periodIndex + 1, from: first).microseconds
        // Taken out of the dictionary first: a value with two owners is copied when it changes.
        sum = sums.removeValue(forKey: periodIndex) ?? PeriodSum(aggregation)
    }

    private mutating func leave() {
        if periodStart < periodEnd { sums[periodIndex] = sum }
        count = sums.count
        (periodStart, periodEnd) = (.max, .min)
    }

    private func index(of moment: Int64, from origin: Timestamp) -> Int {
        switch aggregation.period {
        case .whole: return 0
        case .fixed(let length):
            let passed = moment - origin.microseconds
            return Int(passed >= 0 ? passed / length : (passed - length + 1) / length)
        case .calendar(let duration):
            let passed = Double(moment) - Double(origin.microseconds)
            var index = Int((passed / duration.meanMicroseconds).rounded(.down))
            // The length of a month differs from its mean by days, so the true period is next to
            // the guess.
            while start(index, from: origin).microseconds > moment { index -= 1 }
            while start(index + 1, from: origin).microseconds <= moment { index += 1 }
            return index
        case .edges(let edges):
            // The number of edges that are not later, less one.
            var (low, high) = (0, edges.count)
            while low < high {
                let middle = (low + high) / 2
                if edges[middle].microseconds <= moment { low = middle + 1 } else { high = middle }
            }
            return low - 1
        }
    }

    private func start(_ index: Int, from origin: Timestamp) -> Timestamp {
        switch aggregation.period {
        case .whole: index == 0 ? origin : (query.to ?? Timestamp(microseconds: .max))
        case .fixed(let length):
            Timestamp(microseconds: origin.microseconds + Int64(index) * length)
        case .calendar(let duration): origin.adding(duration, times: index)
        case .edges(let edges):
            edges.indices.contains(index)
                ? edges[index] : Timestamp(microseconds: index < 0 ? .min : .max)
        }
    }

    /// Returns one element for each method that has values.
    package mutating func finish() -> [AggregatedValues] {
        leave()
        guard let origin else { return [] }
        let periods = sums.sorted { $0.key < $1.key }.map { index, sum in
            (
                sum: sum, from: start(index, from: origin),
                to: end(of: index, from: origin)
            )
        }
        return aggregation.methods.map { method in
            AggregatedValues(
                method: method,
                periods: periods.compactMap { period in
                    period.sum.value(method).map { ($0, period.from, period.to) }
                }
            )
        }
    }

    /// The end of a period; the last one ends with the range that was asked for.
    private func end(of index: Int, from origin: Timestamp) -> Timestamp {
        if case .whole = aggregation.period { return query.to ?? now }
        let end = start(index + 1, from: origin)
        return min(end, query.to ?? end)
    }
}

/// The values of one period.
struct PeriodSum {
    private var total = 0
    private var numbers = 0
    private var sum = 0.0
    private var sumOfSquares = 0.0
    /// The running mean and the sum of squared distances from it (Welford's algorithm).
    private var mean = 0.0
    private var distance = 0.0
    private var least = Double.infinity
    private var greatest = -Double.infinity
    private var firstText: String?
    private var lastText: String?
    private var times = TimeSum()
    /// Whether standard deviation is asked for; otherwise its sums are not kept.
    private let wantsDeviation: Bool
    private let countsNumbers: Bool
    let countsDistinct: Bool
    private var distinctScalars: Set<Scalar> = []
    private var distinctValues: Set<JSONValue> = []
    /// The bytes of the distinct values, with the overhead of a set.
    private var distinctBytes = 0
    private static let bytesOfDistinct = 64

    init(_ aggregation: Aggregation) {
        wantsDeviation = aggregation.methods.contains(.stddev)
        countsDistinct = aggregation.methods.contains(.distinctCount)
        countsNumbers = aggregation.countsNumbers
    }

    /// The approximate number of bytes that its values take.
    var bytes: Int {
        distinctBytes + (firstText?.utf8.count ?? 0) + (lastText?.utf8.count ?? 0)
    }

    @inline(__always)
    mutating func add(_ number: Double) {
        total += 1
        if countsDistinct { addDistinct(.number(number)) }
        count(number)
    }

    mutating func add(_ scalar: Scalar) {
        if case .number(let number) = scalar { return add(number) }
        total += 1
        if countsDistinct { addDistinct(scalar) }
        switch scalar {
        case .number: break
        case .text(let text):
            firstText = firstText.map { min($0, text) } ?? text
            lastText = lastText.map { max($0, text) } ?? text
        case .null: break
        }
    }

    /// Adds a value: an array counts by its size, and an object only by its presence unless it is
    /// a typed time.
    mutating func add(_ value: JSONValue) {
        if let scalar = value.scalar { return add(scalar) }
        total += 1
        if countsDistinct, distinctValues.insert(value).inserted {
            distinctBytes += value.serialized.count + Self.bytesOfDistinct
        }
        if let array = value.arrayValue { count(Double(array.count)) } else { times.add(value) }
    }

    private mutating func addDistinct(_ scalar: Scalar) {
        guard distinctScalars.insert(scalar).inserted else { return }
        distinctBytes += Self.bytesOfDistinct
        if case .text(let text) = scalar { distinctBytes += text.utf8.count }
    }

    @inline(__always)
    private mutating func count(_ number: Double) {
        numbers += 1
        sum += number
        sumOfSquares += number * number
        if number < least { least = number }
        if number > greatest { greatest = number }
        if wantsDeviation { spread(number) }
    }

    private mutating func spread(_ number: Double) {
        let delta = number - mean
        mean += delta / Double(numbers)
        distance += delta * (number - mean)
    }

    /// The value of a method; nil where the clause says N/A.
    func value(_ method: Aggregation.Method) -> JSONValue? {
        switch method {
        case .totalCount where countsNumbers:
            return numbers == 0 ? nil : .number(JSONNumber(numbers))
        case .totalCount: return .number(JSONNumber(total))
        case .distinctCount:
            return .number(JSONNumber(distinctScalars.count + distinctValues.count))
        case .min where numbers == 0: return firstText.map(JSONValue.string) ?? times.minimum
        case .max where numbers == 0: return lastText.map(JSONValue.string) ?? times.maximum
        case .avg where numbers == 0: return times.average
        case _ where numbers == 0: return nil
        case .sum: return number(sum)
        case .avg: return number(sum / Double(numbers))
        case .min: return number(least)
        case .max: return number(greatest)
        case .sumsq: return number(sumOfSquares)
        case .stddev: return number((distance / Double(numbers)).squareRoot())
        }
    }

    private func number(_ value: Double) -> JSONValue? {
        value.isFinite ? .number(JSONNumber(value)) : nil
    }
}
