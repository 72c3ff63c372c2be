import ContextModel
import Federation

/// Which attributes a change names, and the bodies that have some of them alone.
struct ChangeAttributes {
    /// The types of the entity in the body; empty where it says none.
    private(set) var types: [IRI] = []
    /// The attributes; nil where the change is about the whole entity.
    private(set) var names: Set<IRI>?
    /// The attributes, and those inside them.
    private(set) var allNames: [IRI] = []
    /// The values that the body gives to attributes, as far as they may name somebody.
    private(set) var values: [NamedAttribute] = []
    private let body: JSONValue?
    /// Whether the body is that of one attribute.
    private let isOfOne: Bool
    private let context: LDContext

    /// The attributes of an entity of a batch, which was read from the body.
    init(_ fragment: EntityFragment, body: JSONValue, _ context: LDContext) {
        self.body = body
        self.context = context
        isOfOne = false
        types = fragment.types
        take(fragment.attributes)
    }

    /// Of a change of the whole entity.
    init() {
        body = nil
        isOfOne = false
        context = .core
    }

    /// Reads the body, and throws for one that cannot be used.
    init(_ change: DistributedChange, _ context: LDContext) throws(BrokerError) {
        body = change.body
        isOfOne = change.attribute != nil
        self.context = context
        var options = change.operation.readingOptions
        options.isSimplified = change.isSimplified
        let reader = EntityReader(context: context, options: options)
        if let attribute = change.attribute {
            let read = try BrokerError.reading { () throws(EntityError) in
                guard var body = change.body else {
                    return NamedFragment(name: try reader.attributeName(attribute), instances: [])
                }
                if change.instance != nil { body = body.objectValue?[attribute] ?? body }
                let (name, fragment) = try reader.attributeFragment(attribute, body)
                return NamedFragment(name: name, instances: [fragment])
            }
            take([read])
        } else if let body = change.body {
            let fragment = try BrokerError.reading { () throws(EntityError) in
                guard !change.operation.changesHistory else {
                    let reader = TemporalReader(context: context)
                    if change.operation == .upsertTemporal { _ = try reader.entity(body) }
                    return try reader.fragment(body)
                }
                let fragment = try reader.fragment(body)
                if change.operation == .createEntity { _ = try reader.entity(from: fragment) }
                return fragment
            }
            types = fragment.types
            take(fragment.attributes)
            // Scopes go with every part of a history, as they do with every part of an entity.
            names?.remove(.scope)
        }
    }

    private mutating func take(_ fragments: [NamedFragment]) {
        names = Set(fragments.map(\.name))
        allNames = fragments.names
        values = fragments.values
    }

    /// The body without these attributes.
    func body(without removed: Set<IRI>) -> JSONValue? {
        guard !removed.isEmpty, !isOfOne else { return body }
        return filtered { !removed.contains($0) }
    }

    /// The body with these attributes of all alone; nil for the whole body.
    func body(with kept: Set<IRI>?) -> JSONValue? {
        guard let kept, !isOfOne else { return body }
        return filtered(kept.contains)
    }

    private func filtered(_ keeps: (IRI) -> Bool) -> JSONValue? {
        guard let members = body?.objectValue?.members else { return body }
        let names = names ?? []
        return .object(
            JSONObject(
                members.filter { member in
                    let name = context.expand(member.key)
                    return !names.contains(name) || keeps(name)
                }
            )
        )
    }
}

extension DistributedOperation {
    /// The members that the body of the operation may have.
    fileprivate var readingOptions: EntityReader.Options {
        switch self {
        case .updateEntity: .init(allowsNull: true)
        case .updateAttrs: .init(allowsNull: true, isPartial: true)
        case .mergeEntity, .mergeBatch:
            .init(allowsNull: true, allowsNullInside: true, isPartial: true)
        case .updateAttrInstanceTemporal: .init(isTemporal: true)
        default: .init()
        }
    }
}

extension [NamedFragment] {
    /// The attributes with their values alone.
    fileprivate var values: [NamedAttribute] {
        map { named in
            NamedAttribute(
                name: named.name,
                instances: named.instances.map { instance in
                    var attribute = Attribute(
                        kind: instance.kind ?? .property,
                        value: instance.value ?? .null
                    )
                    attribute.attributes = instance.attributes.values
                    return attribute
                }
            )
        }
    }
}
