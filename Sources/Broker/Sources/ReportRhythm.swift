import ContextModel

/// How often the things of a source report.
package enum ReportInterval: Sendable, Hashable {
    /// The hub learns it from the pauses between reports.
    case learned
    /// So many seconds at most, as somebody has said.
    case told(seconds: Int)
    /// Its things do not report again and again, such as alerts: they are never silent.
    case never
}

/// The pauses between two reports that were seen, by classes of their length.
///
/// The interval that is learned is the one that nine of ten pauses do not exceed. Pauses of less than half a second are left
/// out: a thing may report in several messages.
struct ReportRhythm: Sendable, Equatable {
    private(set) var counts: [Int] = []
    private var total = 0

    /// Each class ends at so many times the length at which the one before ends; the first ends at half a second.
    private static let growth = 1.2
    private static let shortestMicroseconds: Int64 = 500_000
    /// 0.5 s times 1.2 to the 110th power is about eight years.
    private static let maximumClasses = 110
    /// Pauses without which nothing is learned.
    static let leastPauses = 20
    /// With so many pauses, half of each class is forgotten, so that habits may change.
    static let mostPauses = 10_000
    /// A thing is silent after so many intervals that were learned, but never before a minute.
    static let patience = 3
    static let leastSeconds = 60

    init() {}

    init(counts: [Int]) {
        self.counts = counts.prefix(Self.maximumClasses).map { min(max($0, 0), Self.mostPauses) }
        total = self.counts.reduce(0, +)
    }

    mutating func note(pauseMicroseconds pause: Int64) {
        guard pause >= Self.shortestMicroseconds else { return }
        var end = Double(Self.shortestMicroseconds) * Self.growth
        var place = 0
        while Double(pause) > end, place < Self.maximumClasses - 1 {
            end *= Self.growth
            place += 1
        }
        while counts.count <= place { counts.append(0) }
        counts[place] += 1
        total += 1
        guard total >= Self.mostPauses else { return }
        self = ReportRhythm(counts: counts.map { $0 / 2 })
    }

    /// The interval in seconds; nil until enough is known.
    var intervalSeconds: Int? {
        guard total >= Self.leastPauses else { return nil }
        var seen = 0
        var end = Double(Self.shortestMicroseconds) / 1e6
        for count in counts {
            end *= Self.growth
            seen += count
            if seen * 10 >= total * 9 { break }
        }
        return max(1, Int(end.rounded(.up)))
    }

    /// After how many seconds without a report something is silent; nil when it is not known, or never.
    func limitSeconds(_ interval: ReportInterval) -> Int? {
        switch interval {
        case .never: nil
        case .told(let seconds): seconds
        case .learned: intervalSeconds.map { max($0 * Self.patience, Self.leastSeconds) }
        }
    }
}
