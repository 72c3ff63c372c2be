package import ContextModel

/// The parts of one history, of the hub's own and of sources (clauses 4.5.5 and 5.7.3.4).
///
/// A history is an entity whose attributes have all their instances.
extension EntityParts {
    /// The whole history; nil when there is no part of it.
    ///
    /// Of two instances of one moment and `datasetId` the one counts that was modified later. What
    /// auxiliary sources have is added for moments of which nobody else has an instance. What is
    /// registered as held elsewhere (`claims`) comes from there alone (clause 4.3.6.3). The moment of an
    /// instance is that of the property which the question is about.
    package func mergedHistory(
        with local: Entity?,
        claims: ClaimIndex = ClaimIndex(),
        by property: TemporalTest.Property = .observedAt
    ) -> Entity? {
        let versions = (local.map { [$0] } ?? []) + parts.map(\.entity)
        guard var whole = versions.first.map({ Entity(id: $0.id, types: []) }) else { return nil }
        whole.takeMembers(of: versions)
        let claims = claims.claims(on: whole)
        var merge = HistoryMerge(property: property)
        if let local {
            for named in local.attributes where claims.allow(named.name, from: nil) {
                merge.add(named)
            }
        }
        let auxiliaryLast =
            parts.filter { $0.registration.mode != .auxiliary }
            + parts.filter { $0.registration.mode == .auxiliary }
        for part in auxiliaryLast {
            for named in part.entity.attributes
            where claims.allow(named.name, from: part.registration) {
                merge.add(named, onlyNew: part.registration.mode == .auxiliary)
            }
        }
        whole.attributes = merge.attributes
        return whole
    }
}

/// The attributes of several histories, of which one instance counts for each moment and
/// `datasetId`.
private struct HistoryMerge {
    private struct Place: Hashable {
        var name: IRI
        var datasetID: String?
        var moment: Timestamp
    }
    private(set) var attributes: [NamedAttribute] = []
    private var places: [IRI: Int] = [:]
    private var instances: [Place: Int] = [:]
    private let property: TemporalTest.Property

    init(property: TemporalTest.Property) { self.property = property }

    /// With `onlyNew` an instance is added only where there is none of its moment.
    mutating func add(_ named: NamedAttribute, onlyNew: Bool = false) {
        let place = places[named.name] ?? attributes.count
        if place == attributes.count {
            places[named.name] = place
            attributes.append(NamedAttribute(name: named.name, instances: []))
        }
        // One source may have several instances of one moment, which are all there.
        var fresh: [Place: Int] = [:]
        for instance in named.instances {
            guard let moment = instance.time(property) ?? instance.modifiedAt ?? instance.createdAt
            else {
                attributes[place].instances.append(instance)
                continue
            }
            let key = Place(name: named.name, datasetID: instance.datasetID, moment: moment)
            guard let same = instances[key] else {
                fresh[key] = attributes[place].instances.count
                attributes[place].instances.append(instance)
                continue
            }
            if !onlyNew, instance.replaces(attributes[place].instances[same]) {
                attributes[place].instances[same] = instance
            }
        }
        instances.merge(fresh) { first, _ in first }
    }
}

extension Entity {
    /// Adds a further part of the same history, which the same source tells: what both have of the
    /// moment between them counts once.
    package mutating func add(part: Entity) {
        var places = Dictionary(
            attributes.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for named in part.attributes {
            guard let place = places[named.name] else {
                places[named.name] = attributes.count
                attributes.append(named)
                continue
            }
            let known = Dictionary(
                grouping: attributes[place].instances,
                by: InstanceTimes.init
            ).mapValues { $0.suffix(Self.comparedInstances) }
            attributes[place].instances += named.instances.filter { instance in
                let times = InstanceTimes(instance)
                return known[times]?.contains(instance) != true
            }
        }
    }

    /// The most instances of one moment with which another one is compared.
    private static var comparedInstances: Int { 32 }

    /// Whether each of these attributes has so many instances.
    package func has(_ count: Int, ofEachIn part: Entity) -> Bool {
        part.attributes.allSatisfy { self[$0.name].count >= count }
    }
}

/// The times of an instance, by which equal ones are found.
private struct InstanceTimes: Hashable {
    var observedAt: Timestamp?
    var modifiedAt: Timestamp?
    var datasetID: String?

    init(_ instance: Attribute) {
        observedAt = instance.observedAt
        modifiedAt = instance.modifiedAt
        datasetID = instance.datasetID
    }
}
