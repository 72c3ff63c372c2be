import ContextModel

/// An entity of the SensorThings API, and what it is made of.
///
/// An entity of NGSI-LD is a Thing, its own Sensor, and with a `location` also a Location and a
/// FeatureOfInterest. Each of its Properties with an `observedAt` is a Datastream, whose history are the
/// Observations.
enum ThingsElement: Sendable {
    case thing(Entity)
    case sensor(Entity)
    /// Where an entity is, or where it was since the time of the instance.
    case location(Entity, past: Attribute?)
    case featureOfInterest(Entity)
    case datastream(ObservedSeries)
    case observedProperty(IRI)
    case observation(ObservedSeries, Attribute)
    case historicalLocation(Entity, Attribute)

    var kind: ThingsKind {
        switch self {
        case .thing: .things
        case .sensor: .sensors
        case .location: .locations
        case .featureOfInterest: .featuresOfInterest
        case .datastream: .datastreams
        case .observedProperty: .observedProperties
        case .observation: .observations
        case .historicalLocation: .historicalLocations
        }
    }

    /// The NGSI-LD entity that it is of; nil for an ObservedProperty, which many share.
    var entity: Entity? {
        switch self {
        case .thing(let entity), .sensor(let entity), .location(let entity, _),
            .featureOfInterest(let entity), .historicalLocation(let entity, _):
            entity
        case .datastream(let series), .observation(let series, _): series.entity
        case .observedProperty: nil
        }
    }

    /// What the relation leads to, as far as the present state of the entity tells; nil for a history or
    /// other entities.
    func related(by navigation: ThingsKind.Navigation) -> [ThingsElement]? {
        if case .datastream(let series) = self, navigation.target == .observedProperties {
            return [.observedProperty(series.name)]
        }
        if case .observation(let series, _) = self, navigation.target == .datastreams {
            return [.datastream(series)]
        }
        if case .historicalLocation(let entity, let past) = self, navigation.target == .locations {
            return [.location(entity, past: past)]
        }
        return entity.flatMap { Self.all(navigation.target, of: $0) }
    }

    /// Those of the set that the present state of the entity is; nil for a set of histories.
    static func all(_ kind: ThingsKind, of entity: Entity) -> [ThingsElement]? {
        switch kind {
        case .things: [.thing(entity)]
        case .sensors: [.sensor(entity)]
        case .locations: entity.place == nil ? [] : [.location(entity, past: nil)]
        case .featuresOfInterest: entity.place == nil ? [] : [.featureOfInterest(entity)]
        case .datastreams: ObservedSeries.all(of: entity).map(ThingsElement.datastream)
        case .observedProperties, .observations, .historicalLocations: nil
        }
    }
}

/// A Property that is observed: a Datastream.
struct ObservedSeries: Sendable {
    let entity: Entity
    let name: IRI
    /// The newest value that was written.
    let present: Attribute

    var datasetID: String? { present.datasetID }
    var key: Key { Key(entity: entity.id, name: name, datasetID: datasetID) }

    /// What distinguishes it from others.
    struct Key: Hashable {
        var entity: EntityID
        var name: IRI
        var datasetID: String?
    }

    static func all(of entity: Entity) -> [ObservedSeries] {
        entity.attributes.flatMap { attribute in
            attribute.instances.compactMap { instance in
                guard instance.kind == .property, instance.observedAt != nil else { return nil }
                return ObservedSeries(entity: entity, name: attribute.name, present: instance)
            }
        }
    }
}

extension Entity {
    /// The geometry of `location`.
    var place: JSONValue? {
        self[.location].first { $0.kind == .geoProperty }?.value
    }
}
