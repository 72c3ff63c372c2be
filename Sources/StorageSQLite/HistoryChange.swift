internal import ContextModel
internal import Governance
internal import Storage

/// Finding, removing and replacing single instances of the history.
extension Writer {
    func evolving(_ id: EntityID, grant: InternalGrant) throws -> Entity? {
        guard let row = try stored(id), try hasHistory(row) else { return nil }
        return row.entity
    }

    func hasRows(history number: Int64) throws -> Bool {
        defer { history.any.reset() }
        return try history.any.bind(1, number).step() && history.any.int(0) != 0
    }

    /// Stores where an instance that came with an identifier is, so that it can be found by it.
    func remember(_ instance: Attribute, at place: HistoryPlace, sequence: Int64) throws {
        guard let id = instance.details?.instanceID else { return }
        let series = place.series
        try history.remember.bind(1, series.entity).bind(2, series.name).bind(3, id)
            .bind(4, series.dataset).bind(5, place.time).bind(6, sequence).run()
    }

    func removeInstance(
        _ row: StoredEntity,
        name: IRI,
        instanceID: String
    ) throws -> Bool {
        guard let number = vocabulary.current.numbers[name.text],
            let found = try place(of: instanceID, row: row, name: name)
        else { return false }
        try transaction.willWrite()
        let series = HistorySeries(entity: row.history, name: number, dataset: found.dataset)
        let place = HistoryPlace(series: series, time: found.time)
        try segments.open(around: place)
        guard try mayChange(row, name, at: place, sequence: found.sequence) else { return false }
        try history.forget.bind(1, row.history).bind(2, number).bind(3, instanceID).run()
        try history.delete.bind(1, row.history).bind(2, number).bind(3, found.dataset)
            .bind(4, found.time).bind(5, found.sequence).run()
        vocabulary.noteUnused(1)
        return connection.changes > 0
    }

    /// Whether the writer may change the instance.
    private func mayChange(
        _ row: StoredEntity,
        _ name: IRI,
        at place: HistoryPlace,
        sequence: Int64
    ) throws -> Bool {
        guard let hidden = try hiddenChanges(of: row, name) else { return true }
        let row = bound(history.one, place).bind(5, sequence)
        defer { row.reset() }
        return try row.step() && !hidden.contains(HistoryRow(row).changedAt(place.time))
    }

    func modifyHistory(
        _ id: EntityID,
        name: IRI,
        instanceID: String,
        _ attribute: Attribute
    ) throws -> Bool {
        guard let row = try stored(id) else { return false }
        var instance = attribute
        instance.createdAt = try creation(of: instanceID, row: row, name: name)
        guard try removeInstance(row, name: name, instanceID: instanceID) else { return false }
        // The identifier stays, even if the place from which it was computed changes.
        instance.details = instance.details ?? AttributeDetails()
        instance.details?.instanceID = instanceID
        noteChange(of: row, at: instance.modifiedAt)
        try append(
            instance,
            entity: row.history,
            name: vocabulary.number(of: name.text),
            mayBeSealed: segments.exist(for: row.history),
            hiding: hiddenChanges(of: row, name)
        )
        return true
    }

    func place(
        of instanceID: String,
        row: StoredEntity,
        name: IRI
    ) throws -> InstancePlace? {
        guard let number = vocabulary.current.numbers[name.text] else { return nil }
        let find = history.find.bind(1, row.history).bind(2, number).bind(3, instanceID)
        defer { find.reset() }
        if try find.step() {
            return InstancePlace(dataset: find.int(0), time: find.int(1), sequence: find.int(2))
        }
        return try InstancePlace(
            instanceID,
            entity: row.id,
            name: name,
            among: datasets(of: row.history, name: number)
        )
    }

    /// The `datasetId`s in the history of the attribute, by their numbers.
    private func datasets(of entity: Int64, name: Int64) throws -> [Int64: String?] {
        let numbers = try SeriesNumbers(connection)
        var datasets: [Int64: String?] = [:]
        var last = SeriesNumber(name: name, dataset: -1)
        while let next = try numbers.next(after: last, of: entity), next.name == name {
            datasets[next.dataset] = .some(next.datasetID(vocabulary.current))
            last = next
        }
        return datasets
    }
}

/// The place of an instance among those of its attribute.
struct InstancePlace {
    var dataset: Int64
    var time: Int64
    var sequence: Int64

    init(dataset: Int64, time: Int64, sequence: Int64) {
        self.dataset = dataset
        self.time = time
        self.sequence = sequence
    }

    /// Reads an `instanceId` that a store has computed.
    ///
    /// Returns nil when it was not computed for this entity and attribute with one of these
    /// `datasetId`s.
    init?(_ text: String, entity: EntityID, name: IRI, among datasets: [Int64: String?]) {
        guard let found = InstanceName(text),
            let dataset = datasets.first(where: {
                found.series == InstanceName.series(entity, name, $0.value)
            })?.key
        else { return nil }
        self.init(dataset: dataset, time: found.time, sequence: found.sequence)
    }
}
