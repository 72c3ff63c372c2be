import ContextModel

/// What a path of `q` leads to in one instance of an attribute: the target value of clause 4.9.
struct ValueTarget {
    /// A value to compare with.
    enum Value {
        case json(JSONValue)
        case moment(Timestamp)
    }
    /// One value, or all values of a languageMap when no language is named.
    var values: [Value]
    /// Whether these are objects of relationships, which can only be equal or unequal.
    var isObject = false

    /// All targets in the entity: one for each instance that has what the path names.
    ///
    /// Some may be missing when the budget is spent.
    static func targets(
        of path: AttributePath,
        in entity: Entity,
        within budget: DecisionBudget?
    ) -> [ValueTarget] {
        guard !path.names.isEmpty else {
            return ValueTarget(moment: entityMoment(path.coreMember, entity)).map { [$0] } ?? []
        }
        var targets: [ValueTarget] = []
        for instance in instances(at: path, in: entity, within: budget) {
            guard budget?.allows(1) ?? true else { break }
            if let target = ValueTarget(instance, path, budget) { targets.append(target) }
        }
        return targets
    }

    /// Whether a Relationship at the end of the path leads to one of the entities.
    static func links(
        _ path: AttributePath,
        in entity: Entity,
        to ids: Set<EntityID>,
        within budget: DecisionBudget?
    ) -> Bool {
        !ids.isEmpty
            && instances(at: path, in: entity, within: budget).contains { instance in
                let targets = instance.targets
                guard budget?.allows(targets.count * stepsOfLink) ?? true else { return false }
                return targets.contains { uri in
                    uri.stringValue.map { ids.contains(EntityID($0)) } ?? false
                }
            }
    }

    private static let stepsOfLink = 10

    private static func instances(
        at path: AttributePath,
        in entity: Entity,
        within budget: DecisionBudget?
    ) -> [Attribute] {
        guard let first = path.names.first else { return [] }
        return path.names.dropFirst().reduce(entity[first]) { instances, name in
            instances.flatMap { instance -> [Attribute] in
                guard budget?.allows(1 + instance.attributes.count) ?? true else { return [] }
                return instance.attributes.first { $0.name == name }?.instances ?? []
            }
        }
    }

    private static func entityMoment(_ member: String?, _ entity: Entity) -> Timestamp? {
        switch member {
        case "createdAt": entity.createdAt
        case "modifiedAt": entity.modifiedAt
        case "expiresAt": entity.expiresAt
        default: nil
        }
    }
}

extension ValueTarget {
    fileprivate init?(moment: Timestamp?) {
        guard let moment else { return nil }
        values = [.moment(moment)]
    }

    fileprivate init?(_ instance: Attribute, _ path: AttributePath, _ budget: DecisionBudget?) {
        if let member = path.coreMember {
            self.init(core: member, of: instance)
        } else {
            self.init(value: instance, members: path.members, budget)
        }
    }

    private init?(core member: String, of instance: Attribute) {
        switch member {
        case "observedAt": self.init(moment: instance.observedAt)
        case "createdAt": self.init(moment: instance.createdAt)
        case "modifiedAt": self.init(moment: instance.modifiedAt)
        case "deletedAt": self.init(moment: instance.details?.deletedAt)
        case "expiresAt": self.init(moment: instance.details?.expiresAt)
        case "unitCode": self.init(text: instance.unitCode)
        case "datasetId": self.init(text: instance.datasetID)
        default: return nil
        }
    }

    private init?(text: String?) {
        guard let text else { return nil }
        values = [.json(.string(text))]
    }

    private init?(value instance: Attribute, members: [String], _ budget: DecisionBudget?) {
        switch instance.kind {
        case .languageProperty where members.isEmpty || members == ["*"]:
            guard let map = instance.value.objectValue,
                budget?.allows(map.members.count) ?? true
            else { return nil }
            values = map.members.map { .json($0.value) }
        case .relationship, .listRelationship:
            guard members.isEmpty else { return nil }
            values = [.json(instance.value)]
            isObject = true
        default:
            guard let value = Self.member(members[...], of: instance.value, budget) else {
                return nil
            }
            values = [.json(value)]
        }
    }

    /// Returns a MemberExpression in dot notation (ECMA 262); nil when it is undefined.
    private static func member(
        _ names: ArraySlice<String>,
        of value: JSONValue,
        _ budget: DecisionBudget?
    ) -> JSONValue? {
        guard let name = names.first else { return value }
        guard let object = value.objectValue, budget?.allows(object.members.count) ?? true else {
            return nil
        }
        return object[name].flatMap { member(names.dropFirst(), of: $0, budget) }
    }
}
