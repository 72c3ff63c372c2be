package import ContextModel

/// Reads EntitySelectors (clause 5.2.33), which say what entities a query or a subscription is
/// about.
package struct EntitySelectorReader: MemberReading, Sendable {
    let context: LDContext

    package init(context: LDContext) { self.context = context }

    /// The conditions of the selectors in an `entities` array.
    package func selectors(_ value: JSONValue) throws(BrokerError) -> [Condition] {
        var selectors: [Condition] = []
        var patterns = PatternCount()
        for (index, element) in try elements(value, at: "entities").enumerated() {
            guard let object = element.objectValue else {
                throw Self.error(
                    "'entities[\(index)]' is an object with 'type', not \(element.excerpt)."
                )
            }
            let selector = try selector(object.withPlainKeywords, at: "entities[\(index)]")
            // Counted one by one, so that too many are refused before all are created.
            do throws(PatternError) { try selector.addPatterns(to: &patterns) } catch {
                throw BrokerError(error)
            }
            selectors.append(selector)
        }
        return selectors
    }

    /// Throws for a selector with an unknown member: a misspelt `idPattern` would select every
    /// entity of the type.
    package static func requireKnownMembers(_ value: JSONValue?) throws(BrokerError) {
        for (index, element) in (value?.arrayValue ?? []).enumerated() {
            try require(["type", "id", "idPattern"], in: element, at: "entities[\(index)]")
        }
    }

    /// `id` takes precedence over `idPattern`.
    private func selector(_ object: JSONObject, at path: String) throws(BrokerError) -> Condition {
        guard let type = object["type"] else {
            throw Self.error("'\(path)' has no 'type'; '*' stands for every type.")
        }
        let text = try Self.string(type, at: "\(path).type")
        var condition = Condition.everything
        if text != "*" {
            condition = try Self.parsing { () throws(ConditionError) in
                try TypeSelection.parse(text, parameter: "\(path).type", expansion: context)
            }
        }
        let pattern = try object["idPattern"].map { value throws(BrokerError) in
            try Self.pattern(value, at: "\(path).idPattern")
        }
        if let id = object["id"] { return condition.and(.ids(try ids(id, at: "\(path).id"))) }
        return pattern.map { condition.and(.idPattern($0)) } ?? condition
    }

    private func ids(_ value: JSONValue, at path: String) throws(BrokerError) -> Set<EntityID> {
        var ids: Set<EntityID> = []
        for element in value.arrayValue ?? [value] {
            ids.insert(EntityID(try Self.uri(element, at: path)))
        }
        guard !ids.isEmpty else { throw Self.error("'\(path)' is an empty array.") }
        return ids
    }
}
