internal import ContextModel
internal import Governance
internal import Storage

/// Changes of temporal evolutions.
extension Writer {
    func appendHistory(
        _ id: EntityID,
        types: [IRI],
        scopes: [String],
        _ changes: [NamedAttribute],
        correcting: Bool
    ) throws {
        guard !changes.isEmpty else { return }
        try transaction.willWrite()
        let row = try historyRow(id, types: types, scopes: scopes)
        let mayBeSealed = try segments.exist(for: row.history)
        let ofAll = try hiddenChanges(of: row)
        for change in changes {
            let isPartlyHidden = transaction.granted?.isPartlyHidden(change.name) ?? false
            let hidden = isPartlyHidden ? try hiddenChanges(of: row, change.name) : ofAll
            let name = try vocabulary.number(of: change.name.text)
            for instance in change.instances {
                try append(
                    instance,
                    entity: row.history,
                    name: name,
                    mayBeSealed: mayBeSealed,
                    correcting: correcting,
                    hiding: hidden
                )
            }
            try sealAlong(change, entity: row.history, name: name)
        }
        if !row.isCurrent {
            try noteHistory(row, types: types, scopes: scopes, changes)
        } else if correcting {
            noteChange(of: row, at: changes.moments.max())
        }
    }

    /// Seals a long series within the transaction that appends to it: a commit of its own would
    /// cost more.
    private func sealAlong(_ change: NamedAttribute, entity: Int64, name: Int64) throws {
        guard change.instances.count > segments.limits.rowsMet, let last = change.instances.last
        else {
            return
        }
        let dataset = try vocabulary.dataset(last.datasetID)
        let series = HistorySeries(entity: entity, name: name, dataset: dataset)
        _ = try segments.seal(series, grant: InternalGrant(.sealing))
    }

    /// Updates the types, scopes and times in the row of an entity without current state.
    private func noteHistory(
        _ row: StoredEntity,
        types: [IRI],
        scopes: [String],
        _ changes: [NamedAttribute]
    ) throws {
        let rest = row.entity.evolved(types: types, scopes: scopes, by: changes)
        guard rest != row.entity else { return }
        var since = rest
        since.modifiedAt = changes.moments.min()
        try keepPast(of: row, before: since, key: row.key)
        try keepHistoryOnly(row, entity: rest)
    }

    /// Adds the instance unless there is one of equal time and content.
    ///
    /// Instances hidden from the writer stay, and have no influence on the result.
    func append(
        _ instance: Attribute,
        entity: Int64,
        name: Int64,
        mayBeSealed: Bool,
        correcting: Bool = false,
        hiding hidden: HiddenChanges?
    ) throws {
        let place = HistoryPlace(
            series: HistorySeries(
                entity: entity,
                name: name,
                dataset: try vocabulary.dataset(instance.datasetID)
            ),
            time: instance.historyTime
        )
        if mayBeSealed, let segment = try segments.segment(around: place) {
            if try segments.holds(segment, instance, at: place, hiding: hidden) { return }
            try segments.open(around: place)
        }
        let row = try HistoryRow(instance, form: vocabulary.form)
        try history.insert(row, at: place, sequence: 0)
        if connection.changes == 0 {
            // There are instances of this moment: an equal one, or others.
            guard let sequence = try freeSequence(for: instance, row, at: place, hiding: hidden)
            else { return }
            if correcting, instance.observedAt != nil {
                return try correct(instance, at: place, sequence: sequence, hiding: hidden)
            }
            try history.insert(row, at: place, sequence: sequence)
            try remember(instance, at: place, sequence: sequence)
        } else {
            try remember(instance, at: place, sequence: 0)
        }
    }

    /// The sequence after those of the moment; nil when one of them is equal to this instance.
    ///
    /// Only the newest instances of the moment are compared, so that the cost is bounded.
    private func freeSequence(
        for instance: Attribute,
        _ own: HistoryRow,
        at place: HistoryPlace,
        hiding hidden: HiddenChanges?
    ) throws -> Int64? {
        let series = place.series
        let others = history.newestAtMoment.bind(1, series.entity).bind(2, series.name)
            .bind(3, series.dataset).bind(4, place.time)
            .bind(5, Int64(EvolutionLimits.comparedAtMoment))
        defer { others.reset() }
        let content = instance.content
        var sequence: Int64?
        while try others.step() {
            let row = HistoryRow(others)
            let isEqual =
                try row.hasContent(of: own)
                ?? (row.attribute(vocabulary.current, at: place.time).content == content)
            if isEqual, try !(hidden?.contains(row.changedAt(place.time)) ?? false) {
                return nil
            }
            sequence = sequence ?? others.int(0) + 1
        }
        return sequence ?? 0
    }
}
