internal import ContextModel
internal import Storage

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Sums values up by period (clause 4.5.19) as they pass.
///
/// A period without a value has no element: a gap is not a zero.
struct PeriodWalk {
    private let aggregation: Aggregation
    private let query: TemporalQuery
    private let now: Timestamp
    private var sums: [Int: PeriodSum] = [:]
    private var origin: Timestamp?
    private var current: (index: Int, start: Int64, end: Int64, sum: PeriodSum)?

    init(_ query: TemporalQuery, _ aggregation: Aggregation, now: Timestamp) {
        self.query = query
        self.aggregation = aggregation
        self.now = now
        origin = query.from
    }

    mutating func add(_ scalar: Scalar, at moment: Int64) {
        enter(moment)
        current?.sum.add(scalar)
    }

    mutating func add(_ value: JSONValue, at moment: Int64) {
        enter(moment)
        current?.sum.add(value)
    }

    /// Makes the period of the moment the current one; moments mostly come in order.
    private mutating func enter(_ moment: Int64) {
        if let current, moment >= current.start, moment < current.end { return }
        leave()
        let first = origin ?? Timestamp(microseconds: moment)
        origin = first
        let index = index(of: moment, from: first)
        current = (
            index, start(index, from: first).microseconds,
            start(index + 1, from: first).microseconds, sums[index] ?? PeriodSum(aggregation)
        )
    }

    private mutating func leave() {
        if let current { sums[current.index] = current.sum }
        current = nil
    }

    private func index(of moment: Int64, from origin: Timestamp) -> Int {
        switch aggregation.period {
        case .whole: return 0
        case .fixed(let length):
            let passed = moment - origin.microseconds
            return Int(passed >= 0 ? passed / length : (passed - length + 1) / length)
        case .months(let months):
            let date = Timestamp(microseconds: moment).date
            let passed = (date.year - origin.date.year) * 12 + date.month - origin.date.month
            var index = passed / months
            // Within the month of a boundary the day and the time of day decide.
            while start(index, from: origin).microseconds > moment { index -= 1 }
            while start(index + 1, from: origin).microseconds <= moment { index += 1 }
            return index
        }
    }

    private func start(_ index: Int, from origin: Timestamp) -> Timestamp {
        switch aggregation.period {
        case .whole: index == 0 ? origin : (query.to ?? Timestamp(microseconds: .max))
        case .fixed(let length):
            Timestamp(microseconds: origin.microseconds + Int64(index) * length)
        case .months(let months): origin.adding(months: index * months)
        }
    }

    /// One element a method that has values.
    mutating func finish() -> [AggregatedValues] {
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

    /// The range asked for ends the last period.
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
    /// Welford's running mean and sum of squared distances from it.
    private var mean = 0.0
    private var distance = 0.0
    private var least = Double.infinity
    private var greatest = -Double.infinity
    private var firstText: String?
    private var lastText: String?
    /// Kept only if somebody asks how many there are.
    private let countsDistinct: Bool
    private var distinctScalars: Set<Scalar> = []
    private var distinctValues: Set<JSONValue> = []

    init(_ aggregation: Aggregation) {
        countsDistinct = aggregation.methods.contains(.distinctCount)
    }

    mutating func add(_ scalar: Scalar) {
        total += 1
        if countsDistinct { distinctScalars.insert(scalar) }
        switch scalar {
        case .number(let number): add(number)
        case .text(let text):
            firstText = firstText.map { min($0, text) } ?? text
            lastText = lastText.map { max($0, text) } ?? text
        case .null: break
        }
    }

    /// Of an array its size counts, of an object nothing but that it is there.
    mutating func add(_ value: JSONValue) {
        if let scalar = value.scalar { return add(scalar) }
        total += 1
        if countsDistinct { distinctValues.insert(value) }
        if let array = value.arrayValue { add(Double(array.count)) }
    }

    private mutating func add(_ number: Double) {
        numbers += 1
        sum += number
        sumOfSquares += number * number
        let delta = number - mean
        mean += delta / Double(numbers)
        distance += delta * (number - mean)
        least = min(least, number)
        greatest = max(greatest, number)
    }

    /// nil where the clause says N/A.
    func value(_ method: Aggregation.Method) -> JSONValue? {
        switch method {
        case .totalCount: return .number(JSONNumber(total))
        case .distinctCount:
            return .number(JSONNumber(distinctScalars.count + distinctValues.count))
        case .min where numbers == 0: return firstText.map(JSONValue.string)
        case .max where numbers == 0: return lastText.map(JSONValue.string)
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
