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
        let ofAll = Wording.words("healthOf", ["count": Words.count(sources.count)])
        var measures = [
            HealthSummary.Measure(
                name: .words("healthAway"),
                value: Double(away),
                unit: ofAll,
                explanation: .words("healthAwayWhy"),
                state: away > 0 ? .attention : .good
            ),
            HealthSummary.Measure(
                name: .words("healthQuiet"),
                value: Double(quiet),
                unit: ofAll,
                explanation: .words("healthQuietWhy"),
                state: quiet > 0 ? .attention : .good
            ),
            HealthSummary.Measure(
                name: .words("healthMessages"),
                value: Double(refused),
                unit: .words("healthKept"),
                explanation: .words("healthMessagesWhy"),
                state: refused > 0 ? .attention : .good
            ),
        ]
        if things > 0 {
            measures.append(
                HealthSummary.Measure(
                    name: .words("healthThings"),
                    value: Double(silent),
                    unit: .words("healthOf", ["count": Words.count(things)]),
                    explanation: .words("healthThingsWhy"),
                    state: silent > 0 ? .attention : .good
                )
            )
        }
        return measures
    }
}
