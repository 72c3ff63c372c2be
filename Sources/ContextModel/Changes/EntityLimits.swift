/// How large an entity may be after a change, however many requests made it so.
package enum EntityLimits {
    /// Names of attributes, and of the sub-attributes of one instance.
    package static let attributes = 2_000
    /// Instances of one attribute, each of a `datasetId` of its own.
    package static let instances = 2_000
    /// Instances of all attributes and sub-attributes together; of an evolution, in one request.
    package static let allInstances = 10_000
    package static let types = 100
    package static let scopes = 100
    /// Bytes of an entity as it is stored.
    package static let bytes = 4 << 20

    /// Why the change may not be made; nil when it may.
    ///
    /// What was larger already may stay as large or shrink.
    package static func problem(with change: EntityChange) -> String? {
        guard let after = change.after else { return nil }
        let size = EntitySize(after)
        guard let excess = size.excess(beyond: EntitySize()) else { return nil }
        guard let before = change.before else { return excess }
        return size.excess(beyond: EntitySize(before))
    }

    /// What is said of an entity that would be stored in more bytes.
    package static let bytesProblem = sentence("\(bytes >> 20) MiB as it is stored")

    /// What is said of a request that has more instances than one entity may.
    package static let instancesProblem =
        sentence("\(allInstances) instances of all its attributes and sub-attributes")

    /// What is said of an entity that would have more than the limit.
    static func sentence(_ limit: String) -> String {
        "An entity may have \(limit) at most; make several of it."
    }

    /// Whether there are more instances than one entity may have.
    package static func exceedInstances(_ attributes: [NamedAttribute]) -> Bool {
        var rest = allInstances
        func take(_ named: [NamedAttribute]) {
            for attribute in named where rest >= 0 {
                rest -= attribute.instances.count
                for instance in attribute.instances where !instance.attributes.isEmpty {
                    take(instance.attributes)
                }
            }
        }
        take(attributes)
        return rest < 0
    }
}

/// A request that has more of something than an entity may.
///
/// It can be made of an entity that has as much already, and of no other one. So it is refused before
/// anything is made of it, and costs the thread that writes nothing.
package struct OversizedRequest: Sendable {
    private let size: EntitySize

    /// nil when the request is within all limits.
    package init?(_ fragment: EntityFragment) {
        var size = EntitySize(fragment.attributes)
        size.types = fragment.types.count
        size.scopes = fragment.scopes?.count ?? 0
        self.init(size)
    }

    package init?(_ entity: Entity) { self.init(EntitySize(entity)) }

    package init?(_ attributes: [NamedFragment]) { self.init(EntitySize(attributes)) }

    private init?(_ size: EntitySize) {
        guard size.excess(beyond: EntitySize()) != nil else { return nil }
        self.size = size
    }

    /// Why it is refused for the entity, or for one that is new.
    package func problem(for entity: Entity?) -> String? {
        size.excess(beyond: entity.map(EntitySize.init) ?? EntitySize())
    }
}

/// How much there is of what is limited.
private struct EntitySize {
    var attributes = 0
    var instances = 0
    var allInstances = 0
    var types = 0
    var scopes = 0

    init() {}

    init(_ entity: Entity) {
        types = entity.types.count
        scopes = entity.scopes.count
        add(entity.attributes)
    }

    init(_ named: [NamedFragment]) { add(named) }

    private mutating func add(_ named: [NamedAttribute]) {
        attributes = max(attributes, named.count)
        // By index: every entity that is written is counted, and a copy of each instance takes longer.
        for index in named.indices {
            let count = named[index].instances.count
            instances = max(instances, count)
            allInstances += count
            for place in 0..<count where !named[index].instances[place].attributes.isEmpty {
                add(named[index].instances[place].attributes)
            }
        }
    }

    private mutating func add(_ named: [NamedFragment]) {
        attributes = max(attributes, named.count)
        // By index: every entity that is written is counted, and a copy of each instance takes longer.
        for index in named.indices {
            let count = named[index].instances.count
            instances = max(instances, count)
            allInstances += count
            for place in 0..<count where !named[index].instances[place].attributes.isEmpty {
                add(named[index].instances[place].attributes)
            }
        }
    }

    /// What is both beyond its limit and more than it was.
    func excess(beyond old: EntitySize) -> String? {
        if attributes > max(EntityLimits.attributes, old.attributes) {
            return EntityLimits.sentence("\(EntityLimits.attributes) attributes")
        }
        if instances > max(EntityLimits.instances, old.instances) {
            let most = EntityLimits.instances
            return EntityLimits.sentence("\(most) instances of one attribute")
        }
        if allInstances > max(EntityLimits.allInstances, old.allInstances) {
            return EntityLimits.instancesProblem
        }
        if types > max(EntityLimits.types, old.types) {
            return EntityLimits.sentence("\(EntityLimits.types) types")
        }
        return scopes > max(EntityLimits.scopes, old.scopes)
            ? EntityLimits.sentence("\(EntityLimits.scopes) scopes") : nil
    }
}
