/// The limits of an entity after a change, over any number of requests.
package enum EntityLimits {
    /// Names of attributes, and of sub-attributes of one instance.
    package static let attributes = 2_000
    /// Instances of one attribute, each with another `datasetId`.
    package static let instances = 2_000
    /// Instances of all attributes and sub-attributes together; also those of one request for an
    /// evolution.
    package static let allInstances = 10_000
    package static let types = 100
    package static let scopes = 100
    /// Bytes of an entity in encoded form.
    package static let bytes = 4 << 20

    /// The reason why the change is not allowed; nil when it is.
    ///
    /// An entity that is too large already may stay as large or shrink.
    package static func problem(with change: EntityChange) -> String? {
        guard let after = change.after else { return nil }
        let size = EntitySize(after)
        guard let excess = size.excess(beyond: EntitySize()) else { return nil }
        guard let before = change.before else { return excess }
        return size.excess(beyond: EntitySize(before))
    }

    /// The message for an entity with too many bytes.
    package static let bytesProblem = sentence("\(bytes >> 20) MiB as it is stored")

    /// The message for a request with more instances than an entity may have.
    package static let instancesProblem =
        sentence("\(allInstances) instances of all its attributes and sub-attributes")

    /// The message for an entity beyond the limit.
    static func sentence(_ limit: String) -> String {
        "An entity may have \(limit) at most; split it into several."
    }

    /// Whether there are more instances than an entity may have.
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

/// A request that has more of something than an entity may have.
///
/// Only an entity that has as much already can accept it. The check comes first, so that such a
/// request costs the writing thread nothing.
package struct OversizedRequest: Sendable {
    private let size: EntitySize

    /// Returns nil when the request is within all limits.
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

    /// The reason to refuse the request for the entity, which is nil if new.
    package func problem(for entity: Entity?) -> String? {
        size.excess(beyond: entity.map(EntitySize.init) ?? EntitySize())
    }
}

/// The sizes that are limited.
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
        // By index: every written entity is counted, and copying each instance would take longer.
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
        // By index: every written entity is counted, and copying each instance would take longer.
        for index in named.indices {
            let count = named[index].instances.count
            instances = max(instances, count)
            allInstances += count
            for place in 0..<count where !named[index].instances[place].attributes.isEmpty {
                add(named[index].instances[place].attributes)
            }
        }
    }

    /// The first size that is beyond its limit and has grown.
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
