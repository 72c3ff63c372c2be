internal import ContextModel
internal import Storage

/// Corrections: instances that replace others in the history.
extension Writer {
    /// Replaces the other instances of its moment by this one, as the last that came (clause
    /// 4.5.5.3).
    ///
    /// When all others are hidden from the writer, it is added at the sequence `free`.
    func correct(
        _ instance: Attribute,
        at place: HistoryPlace,
        sequence free: Int64,
        hiding hidden: HiddenChanges?
    ) throws {
        var others: [(sequence: Int64, createdAt: Timestamp?)] = []
        let rows = bound(history.atMoment, place)
        while try rows.step() {
            let row = HistoryRow(rows)
            if try hidden?.contains(row.changedAt(place.time)) ?? false { continue }
            let other = try row.attribute(vocabulary.current, at: place.time)
            others.append((rows.int(0), other.createdAt))
        }
        rows.reset()
        for other in others { try delete(sequence: other.sequence, at: place) }
        var corrected = instance
        corrected.createdAt = others.first?.createdAt ?? instance.createdAt
        // The identifier is computed from the place, so it stays the same.
        let sequence = others.first?.sequence ?? free
        try history.insert(
            HistoryRow(corrected, form: vocabulary.form),
            at: place,
            sequence: sequence
        )
        try remember(corrected, at: place, sequence: sequence)
    }

    /// The `createdAt` of the instance; nil when there is none.
    func creation(of instanceID: String, row: StoredEntity, name: IRI) throws -> Timestamp? {
        guard let number = vocabulary.current.numbers[name.text],
            let found = try place(of: instanceID, row: row, name: name)
        else { return nil }
        let series = HistorySeries(entity: row.history, name: number, dataset: found.dataset)
        let place = HistoryPlace(series: series, time: found.time)
        try transaction.willWrite()
        try segments.open(around: place)
        let row = bound(history.one, place).bind(5, found.sequence)
        defer { row.reset() }
        guard try row.step() else { return nil }
        return try HistoryRow(row).attribute(vocabulary.current, at: place.time).createdAt
    }

    private func delete(sequence: Int64, at place: HistoryPlace) throws {
        try bound(history.delete, place).bind(5, sequence).run()
    }

    func bound(_ statement: Statement, _ place: HistoryPlace) -> Statement {
        statement.bind(1, place.series.entity).bind(2, place.series.name)
            .bind(3, place.series.dataset).bind(4, place.time)
    }
}
