import Foundation

/// How the cost of a request grows with what the hub holds.
struct Growth {
    /// One curve: the hub's processor time for a request, by how many there are of something.
    struct Curve {
        let title: String
        /// What there are ever more of.
        let what: String
        private(set) var points: [(count: Int, microseconds: Double, perSecond: Double)] = []

        init(_ title: String, _ what: String) {
            self.title = title
            self.what = what
        }

        mutating func add(_ count: Int, _ measured: Measurement) {
            let cost = measured.serverSeconds / Double(max(measured.requests, 1)) * 1e6
            points.append((count, cost, measured.perSecond))
        }

        /// A point that was measured in the process itself.
        mutating func add(_ count: Int, microseconds: Double) {
            points.append((count, microseconds, 1e6 / microseconds))
        }

        /// The rate at the end as a share of that at the beginning.
        var shareOfFirst: Double {
            guard let first = points.first, let last = points.last else { return 0 }
            return last.perSecond / first.perSecond
        }
    }

    var queries = Curve("Query by type and q, page of 30", "entities")
    var updates = Curve("Update of one attribute", "subscriptions")
    var aggregations = Curve("Aggregation by weeks", "instances")

    var retrievals = Curve("Retrieve data about a person", "people, with 10 choices each")
    var choices = Curve("Decision about a person", "choices")
    var policies = Curve("Decision about a person", "policies")

    var starts = Curve("Start of `balai network`", "cities")
    var questions = Curve("Question to all cities, median", "cities")
    var questionCosts = Curve("Its processor time, at all hubs", "cities")

    /// Whether all that grows with cities was measured.
    var hasNetwork: Bool { [starts, questions, questionCosts].allSatisfy { !$0.points.isEmpty } }

    /// How costs grow with the cities of a network.
    var networkSVG: String { Self.svg([starts, questions, questionCosts]) }

    /// Whether all that grows with rights was measured.
    var hasRights: Bool { [retrievals, choices, policies].allSatisfy { !$0.points.isEmpty } }

    /// How costs grow with what a hub holds.
    var svg: String { Self.svg([queries, updates, aggregations]) }

    /// How what rights cost grows with people, their choices, and policies.
    var rightsSVG: String { Self.svg([retrievals, choices, policies]) }

    /// Three curves side by side, both axes logarithmic: a straight slope is growth in proportion.
    private static func svg(_ curves: [Curve]) -> String {
        let panels = curves.enumerated().map { index, curve in
            "<g transform=\"translate(\(index * Panel.width),0)\">\(Panel(curve).svg)</g>"
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(3 * Panel.width) \(Panel.height)" \
            font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="#fff"/>
            \(panels.joined(separator: "\n"))
            </svg>

            """
    }
}

/// A curve drawn on logarithmic axes.
private struct Panel {
    static let width = 320
    static let height = 260
    private static let left = 60.0
    private static let right = 300.0
    private static let top = 40.0
    private static let bottom = 210.0

    let curve: Growth.Curve
    /// Whole powers of ten around what was measured.
    private let counts: ClosedRange<Int>
    private let costs: ClosedRange<Int>

    init(_ curve: Growth.Curve) {
        self.curve = curve
        counts = Self.decades(curve.points.map { Double($0.count) })
        costs = Self.decades(curve.points.map(\.microseconds))
    }

    private static func decades(_ values: [Double]) -> ClosedRange<Int> {
        let low = Int(log10(max(values.min() ?? 1, 0.1)).rounded(.down))
        let high = Int(log10(max(values.max() ?? 10, 0.1)).rounded(.up))
        return low...max(high, low + 1)
    }

    private func x(_ exponent: Double) -> Double {
        Self.left + (exponent - Double(counts.lowerBound)) / Double(counts.count - 1)
            * (Self.right - Self.left)
    }

    private func y(_ exponent: Double) -> Double {
        Self.bottom - (exponent - Double(costs.lowerBound)) / Double(costs.count - 1)
            * (Self.bottom - Self.top)
    }

    var svg: String {
        let middle = (Self.left + Self.right) / 2
        return """
            <text x="\(middle)" y="22" text-anchor="middle" font-weight="bold">\(curve.title)</text>
            \(grid)
            \(line)
            <text x="\(middle)" y="248" text-anchor="middle">\(curve.what)</text>
            """
    }

    private var grid: String {
        let columns = counts.map { exponent in
            let x = x(Double(exponent))
            return """
                <path d="M\(x) \(Self.top)V\(Self.bottom)" stroke="#ddd"/>\
                <text x="\(x)" y="228" text-anchor="middle">\(short(pow(10, Double(exponent))))</text>
                """
        }
        let rows = costs.map { exponent in
            let y = y(Double(exponent))
            return """
                <path d="M\(Self.left) \(y)H\(Self.right)" stroke="#ddd"/>\
                <text x="54" y="\(y + 4)" text-anchor="end">\(Self.time(exponent))</text>
                """
        }
        return (columns + rows).joined(separator: "\n")
    }

    private static func time(_ exponent: Int) -> String {
        exponent < 3
            ? "\(short(pow(10, Double(exponent)))) µs"
            : "\(short(pow(10, Double(exponent - 3)))) ms"
    }

    private var line: String {
        let places = curve.points.map { point in
            (x: x(log10(Double(point.count))), y: y(log10(max(point.microseconds, 0.1))))
        }
        let path = places.map { "\($0.x),\($0.y)" }.joined(separator: " ")
        let marks = places.map {
            "<circle cx=\"\($0.x)\" cy=\"\($0.y)\" r=\"4\" fill=\"#0b6e6e\"/>"
        }
        return """
            <polyline points="\(path)" fill="none" stroke="#0b6e6e" stroke-width="2"/>
            \(marks.joined())
            """
    }
}
