import Broker

extension Sourcing {
    /// The figures of *Health* about sources; none for a hub without sources.
    func measures() -> [HealthSummary.Measure] {
        var (away, quiet, refused, things, silent) = (0, 0, 0, 0, 0)
        let sources = all
        guard !sources.isEmpty else { return [] }
        for source in sources {
            let (figures, kept) = figures(of: source)
            if figures.isConnected == false, !source.kept.isPaused { away += 1 }
            if figures.isSilent { quiet += 1 }
            refused += kept
            things += figures.things
            silent += figures.silent
        }
        var measures = [
            HealthSummary.Measure(
                name: "Sources that are away",
                value: Double(away),
                unit: "of \(Words.count(sources.count))",
                explanation:
                    "Brokers and addresses that cannot be reached now; the hub tries again.",
                state: away > 0 ? .attention : .good
            ),
            HealthSummary.Measure(
                name: "Silent sources",
                value: Double(quiet),
                unit: "of \(Words.count(sources.count))",
                explanation: "Sources that should have got a message by now and did not.",
                state: quiet > 0 ? .attention : .good
            ),
            HealthSummary.Measure(
                name: "Refused messages",
                value: Double(refused),
                unit: "kept",
                explanation: "Messages of sources that a map could not use, until it is mended.",
                state: refused > 0 ? .attention : .good
            ),
        ]
        if things > 0 {
            measures.append(
                HealthSummary.Measure(
                    name: "Silent things",
                    value: Double(silent),
                    unit: "of \(Words.count(things))",
                    explanation: "Things that should have reported to their source and did not.",
                    state: silent > 0 ? .attention : .good
                )
            )
        }
        return measures
    }
}
