/// A small line of recent values, as the points of an SVG polyline.
struct Sparkline: Sendable, Equatable {
    static let width = 160.0
    static let height = 36.0
    /// The margin for the width of the stroke.
    private static let margin = 2.0

    /// The points, "0,34 40,2 …"; empty when there are too few values.
    let points: String
    /// The points of the closed area below the line.
    let area: String
    /// The greatest value, at the top; zero is at the bottom.
    let top: Double

    /// The baseline is zero, so that a small change of a large figure looks small; values that are
    /// not numbers leave a straight piece.
    init(_ values: [Double]) {
        let numbers = values.map { $0.isFinite ? max(0, $0) : 0 }
        top = numbers.max() ?? 0
        guard numbers.count > 1 else {
            points = ""
            area = ""
            return
        }
        let scale = max(top, .leastNormalMagnitude)
        let usable = Self.height - 2 * Self.margin
        let step = Self.width / Double(numbers.count - 1)
        points = numbers.enumerated().map { index, value in
            let x = Self.short(Double(index) * step)
            return "\(x),\(Self.short(Self.margin + usable * (1 - value / scale)))"
        }.joined(separator: " ")
        area = "0,\(Int(Self.height)) \(points) \(Int(Self.width)),\(Int(Self.height))"
    }

    private static func short(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
