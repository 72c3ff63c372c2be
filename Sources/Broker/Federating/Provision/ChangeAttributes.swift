import ContextModel
import Federation

/// Which attributes a change names, and the bodies that have some of them alone.
struct ChangeAttributes {
    /// The types of the entity in the body; empty where it says none.
    private(set) var types: [IRI] = []
    /// The attributes; nil where the change is about the whole entity.
    private(set) var names: Set<IRI>?
    private let change: DistributedChange
    private let context: LDContext

    /// Reads the body, and throws for one that cannot be used.
    init(_ change: DistributedChange, _ context: LDContext) throws(BrokerError) {
        self.change = change
        self.context = context
        var options = change.operation.readingOptions
        options.isSimplified = change.isSimplified
        let reader = EntityReader(context: context, options: options)
        if let attribute = change.attribute {
            names = [
                try BrokerError.reading { () throws(EntityError) in
                    if let body = change.body {
                        return try reader.attributeFragment(attribute, body).name
                    }
                    return try reader.attributeName(attribute)
                }
            ]
        } else if let body = change.body {
            let fragment = try BrokerError.reading { () throws(EntityError) in
                let fragment = try reader.fragment(body)
                if change.operation == .createEntity { _ = try reader.entity(from: fragment) }
                return fragment
            }
            types = fragment.types
            names = Set(fragment.attributes.map(\.name))
        }
    }

    /// The body without these attributes.
    func body(without removed: Set<IRI>) -> JSONValue? {
        guard !removed.isEmpty, change.attribute == nil else { return change.body }
        return filtered { !removed.contains($0) }
    }

    /// The body with these attributes of all alone; nil for the whole body.
    func body(with kept: Set<IRI>?) -> JSONValue? {
        guard let kept, change.attribute == nil else { return change.body }
        return filtered(kept.contains)
    }

    private func filtered(_ keeps: (IRI) -> Bool) -> JSONValue? {
        guard let body = change.body?.objectValue else { return change.body }
        let names = names ?? []
        return .object(
            JSONObject(
                body.members.filter { member in
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
        default: .init()
        }
    }
}
