internal import ContextModel
internal import Governance
internal import Storage

/// Changes of temporal evolutions.
extension MemoryTransaction {
    private typealias Series = StoredEntity.Series

    func appendHistory(
        _ id: EntityID,
        types: [IRI],
        scopes: [String],
        _ changes: [NamedAttribute],
        correcting: Bool
    ) throws {
        guard !changes.isEmpty else { return }
        let blank = Entity(id: id, types: types, scopes: scopes)
        var stored = self[id] ?? StoredEntity(entity: blank, isCurrent: false)
        for change in changes {
            let hidden = stored.hiddenMoments(from: granted, change.name)
            for instance in change.instances {
                stored.append(instance, name: change.name, correcting: correcting, hiding: hidden)
            }
        }
        if !stored.isCurrent {
            let evolved = stored.entity.evolved(types: types, scopes: scopes, by: changes)
            var since = evolved
            since.modifiedAt = changes.moments.min()
            stored.keepPast(before: since)
            stored.entity = evolved
        } else if correcting {
            stored.noteChange(at: changes.moments.max())
        }
        self[id] = stored
    }

    func evolving(_ id: EntityID, grant: InternalGrant) throws -> Entity? {
        guard let stored = self[id] else { return nil }
        let isSeen = stored.history.contains { series, instances in
            guard !(granted?.hidden.everywhere.contains(series.name) ?? false) else {
                return false
            }
            let hidden = stored.hiddenMoments(from: granted, series.name)
            return instances.contains { !hidden.contains($0.changedAt) }
        }
        return isSeen ? stored.entity : nil
    }

    /// Removes everything in one step, however long it is.
    func removeHistory(
        _ id: EntityID,
        _ what: HistoryRemoval,
        from position: HistoryRemovalPosition?
    ) throws -> HistoryRemovalStep {
        guard var stored = self[id] else { return HistoryRemovalStep() }
        func hidden(_ name: IRI? = nil) -> HiddenMoments {
            stored.hiddenMoments(from: granted, name)
        }
        var isRemoved = false
        switch what {
        case .everything: isRemoved = stored.removeInstances(hiding: hidden()) { _ in true }
        case .allInstances(let name):
            let hidden = hidden(name)
            isRemoved = stored.removeInstances(hiding: hidden) { $0.name == name }
        case .attribute(let name, let datasetID):
            let series = Series(name: name, datasetID: datasetID)
            let hidden = hidden(name)
            isRemoved = stored.removeInstances(hiding: hidden) { $0 == series }
        case .instance(let name, let instanceID):
            isRemoved = stored.remove(instanceID, name: name, hiding: hidden(name)) != nil
        }
        // What is hidden from the writer stays, with the entity whose history it is.
        if case .everything = what, !stored.isCurrent, !stored.hasHistory {
            self[id] = nil
        } else {
            self[id] = stored
        }
        return HistoryRemovalStep(hasRemoved: isRemoved)
    }

    func modifyHistory(
        _ id: EntityID,
        name: IRI,
        instanceID: String,
        _ attribute: Attribute
    ) throws -> Bool {
        guard var stored = self[id] else { return false }
        let hidden = stored.hiddenMoments(from: granted, name)
        guard let old = stored.remove(instanceID, name: name, hiding: hidden) else { return false }
        var instance = attribute
        instance.createdAt = old.attribute.createdAt
        // The identifier stays, even if the place from which it was computed changes.
        instance.details = instance.details ?? AttributeDetails()
        instance.details?.instanceID = instanceID
        stored.noteChange(at: instance.modifiedAt)
        stored.append(instance, name: name, correcting: false, hiding: hidden)
        self[id] = stored
        return true
    }
}

extension StoredEntity {
    /// Notes a change of the history that does not change the entity itself.
    fileprivate mutating func noteChange(at moment: Timestamp?) {
        lastChange = max(lastChange, moment?.microseconds ?? 0)
    }

    /// Adds the instance unless there is one of equal time and content; a correction replaces
    /// others of its time.
    ///
    /// Instances hidden from the writer stay, and have no influence on the result.
    fileprivate mutating func append(
        _ instance: Attribute,
        name: IRI,
        correcting: Bool,
        hiding hidden: HiddenMoments
    ) {
        let series = Series(name: name, datasetID: instance.datasetID)
        let change = Self.adding(
            instance,
            to: (history[series] ?? []).instances(at: instance.historyTime),
            correcting: correcting,
            hiding: hidden
        )
        // The list has no other owner any more, so it is not copied.
        if let change {
            history[series, default: []].replaceSubrange(change.place, with: change.new)
        }
    }

    /// The instances of one time after one is added; nil when it is there already.
    private static func adding(
        _ instance: Attribute,
        to others: ArraySlice<SeriesInstance>,
        correcting: Bool,
        hiding hidden: HiddenMoments
    ) -> (place: Range<Int>, new: [SeriesInstance])? {
        let content = instance.content
        let isThere = others.suffix(EvolutionLimits.comparedAtMoment).contains {
            !hidden.contains($0.changedAt) && $0.attribute.content == content
        }
        guard !isThere else { return nil }
        var added = SeriesInstance(attribute: instance, time: instance.historyTime, sequence: 0)
        if correcting, instance.observedAt != nil,
            let first = others.first(where: { !hidden.contains($0.changedAt) })
        {
            added.attribute.createdAt = first.attribute.createdAt ?? instance.createdAt
            added.sequence = first.sequence
            let kept = others.filter { hidden.contains($0.changedAt) } + [added]
            return (others.indices, kept.sorted { $0.sequence < $1.sequence })
        }
        guard let last = others.last, others.first?.sequence == 0 else {
            return (others.startIndex..<others.startIndex, [added])
        }
        added.sequence = last.sequence + 1
        return (others.endIndex..<others.endIndex, [added])
    }

    /// Removes the instances of these series that are not hidden; false when there are none.
    fileprivate mutating func removeInstances(
        hiding hidden: HiddenMoments,
        of isMeant: (Series) -> Bool
    ) -> Bool {
        var isRemoved = false
        for (series, instances) in history where isMeant(series) {
            let rest = instances.filter { hidden.contains($0.changedAt) }
            isRemoved = isRemoved || rest.count < instances.count
            history[series] = rest.isEmpty ? nil : rest
        }
        return isRemoved
    }

    /// Removes the instance with the identifier and returns it; nil when there is none, or it is
    /// hidden.
    fileprivate mutating func remove(
        _ instanceID: String,
        name: IRI,
        hiding hidden: HiddenMoments
    ) -> SeriesInstance? {
        guard let (series, place) = place(of: instanceID, name: name),
            var instances = history[series], !hidden.contains(instances[place].changedAt)
        else { return nil }
        let removed = instances.remove(at: place)
        history[series] = instances.isEmpty ? nil : instances
        return removed
    }

    /// The place of the instance that came with the identifier or for which a store computed it.
    private func place(of instanceID: String, name: IRI) -> (Series, Int)? {
        let all = history.filter { $0.key.name == name }
        for (series, instances) in all {
            let place = instances.firstIndex { $0.attribute.details?.instanceID == instanceID }
            if let place { return (series, place) }
        }
        guard let made = InstanceName(instanceID) else { return nil }
        for (series, instances) in all
        where made.series == InstanceName.series(entity.id, name, series.datasetID) {
            let place = instances.firstIndex {
                $0.time == made.time && $0.sequence == made.sequence
            }
            if let place { return (series, place) }
        }
        return nil
    }
}

extension [SeriesInstance] {
    /// The instances of one time.
    fileprivate func instances(at time: Int64) -> ArraySlice<SeriesInstance> {
        self[firstIndex(after: time - 1)..<firstIndex(after: time)]
    }

    /// The index of the first instance after the time, found by binary search.
    fileprivate func firstIndex(after time: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
