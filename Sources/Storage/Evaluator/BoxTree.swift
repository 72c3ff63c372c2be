import ContextModel

/// A tree of boxes over a row of items: each level holds the boxes of runs of the level below.
///
/// An item cannot be closer than the box around it, so whole runs are skipped.
struct BoxTree: Sendable {
    private static let run = 8
    private static let stepsOfBox = 2

    private let count: Int
    /// Levels of boxes, from those around short runs of items to the one around all.
    private var levels: [[GeoBox]] = []

    init(count: Int, box: (Int) -> GeoBox) {
        self.count = count
        guard count > 0 else { return }
        levels = [Self.runs(count, box)]
        while let last = levels.last, last.count > 1 {
            levels.append(Self.runs(last.count) { last[$0] })
        }
    }

    private static func runs(_ count: Int, _ box: (Int) -> GeoBox) -> [GeoBox] {
        stride(from: 0, to: count, by: run).map { start in
            (start + 1..<min(start + run, count)).reduce(box(start)) { $0.joined(with: box($1)) }
        }
    }

    /// Calls `body` with each run of items whose box is wanted, until `body` returns false or the
    /// budget is spent.
    ///
    /// `isWanted` may become stricter during the visit.
    func visit(
        within budget: DecisionBudget?,
        where isWanted: (GeoBox) -> Bool,
        _ body: (Range<Int>) -> Bool
    ) {
        guard !levels.isEmpty else { return }
        var open = [(level: levels.count - 1, index: 0)]
        while let (level, index) = open.popLast() {
            guard budget?.allows(Self.stepsOfBox) ?? true else { return }
            guard isWanted(levels[level][index]) else { continue }
            let below = level > 0 ? levels[level - 1].count : count
            let children = index * Self.run..<min((index + 1) * Self.run, below)
            if level == 0 {
                guard body(children) else { return }
            } else {
                for child in children.reversed() { open.append((level - 1, child)) }
            }
        }
    }
}
