extension AttributeFragment {
    /// The attribute the fragment describes by itself.
    func whole() throws(EntityError) -> Attribute {
        var fragment = self
        // A simplified value that meets nothing stored is a Property (clause 4.5.4).
        if fragment.kind == nil, fragment.value != nil { fragment.kind = .property }
        guard let attribute = fragment.complete else {
            throw EntityError("An attribute is given without a value.")
        }
        return attribute
    }
}

extension Attribute {
    /// Members given replace members there are; others stay (clause 5.5.8, example 1).
    func partiallyUpdated(with fragment: AttributeFragment) throws(EntityError) -> Attribute {
        try checkKind(of: fragment)
        var result = self
        if let value = fragment.value { result.value = value }
        result.takeMembers(of: fragment)
        for named in fragment.attributes {
            result.attributes.removeAll { $0.name == named.name }
            let instances = try named.instances.wholeOnes()
            if !instances.isEmpty {
                result.attributes.append(NamedAttribute(name: named.name, instances: instances))
            }
        }
        return result
    }

    /// Merged to any depth (clause 5.5.12).
    func merged(
        with fragment: AttributeFragment,
        common: MergeDefaults
    ) throws(EntityError) -> Attribute {
        var result = self
        if let given = fragment.value {
            let value = adapted(given, language: common.language)
            if fragment.kind != nil, !sharesKind(with: fragment, value) {
                // Another kind of attribute takes the place of this one.
                return try fragment.whole()
            }
            result.value =
                kind == .jsonProperty ? value : self.value.mergePatched(with: value)
        } else {
            try checkKind(of: fragment)
        }
        result.takeMembers(of: fragment)
        if let common = common.observedAt, observedAt != nil, fragment.observedAt == nil {
            result.observedAt = common
        }
        for named in fragment.attributes {
            try result.mergeSubattribute(named)
        }
        return result
    }

    /// A plain value meeting a kind that keeps values otherwise (clause 5.6.17).
    private func adapted(_ value: JSONValue, language: String?) -> JSONValue {
        switch (kind, value) {
        case (.languageProperty, .string): [(language ?? "@none"): value].asObject
        case (.languageProperty, .object(let map)): map["languageMap"] ?? value
        case (.vocabProperty, .object(let map)): map["vocab"] ?? value
        case (.jsonProperty, .object(let map)): map["json"] ?? value
        default: value
        }
    }

    private func sharesKind(with fragment: AttributeFragment, _ value: JSONValue) -> Bool {
        if fragment.kind == kind { return true }
        // A concise string stands for the text of a LanguageProperty in the request's language.
        if kind == .languageProperty, fragment.kind == .property { return value.objectValue != nil }
        return false
    }

    private func checkKind(of fragment: AttributeFragment) throws(EntityError) {
        guard let given = fragment.kind, given != kind else { return }
        throw EntityError("The attribute is a \(kind.term) and cannot become a \(given.term).")
    }

    private mutating func takeMembers(of fragment: AttributeFragment) {
        if let time = fragment.observedAt { observedAt = time }
        if let unit = fragment.unitCode { unitCode = unit }
        if let given = fragment.details {
            var kept = details ?? AttributeDetails()
            if let expiry = given.expiresAt { kept.expiresAt = expiry }
            if !given.objectTypes.isEmpty { kept.objectTypes = given.objectTypes }
            if let type = given.valueType { kept.valueType = type }
            if let proof = given.proof { kept.proof = proof }
            details = kept
        }
        for member in fragment.removedMembers {
            switch member {
            case "observedAt": observedAt = nil
            case "unitCode": unitCode = nil
            case "expiresAt": details?.expiresAt = nil
            case "objectType": details?.objectTypes = []
            case "valueType": details?.valueType = nil
            default: preconditionFailure("the reader lets no other member be removed: \(member)")
            }
        }
    }

    private mutating func mergeSubattribute(_ named: NamedFragment) throws(EntityError) {
        guard let index = attributes.firstIndex(where: { $0.name == named.name }) else {
            let instances = try named.instances.wholeOnes()
            if !instances.isEmpty {
                attributes.append(NamedAttribute(name: named.name, instances: instances))
            }
            return
        }
        var instances = attributes[index].instances
        for fragment in named.instances {
            let place = instances.firstIndex { $0.datasetID == fragment.datasetID }
            switch (place, fragment.isNull) {
            case (let place?, true): instances.remove(at: place)
            case (nil, true): break
            case (let place?, false):
                instances[place] = try instances[place].merged(
                    with: fragment,
                    common: MergeDefaults()
                )
            case (nil, false): instances.append(try fragment.whole())
            }
        }
        if instances.isEmpty {
            attributes.remove(at: index)
        } else {
            attributes[index].instances = instances
        }
    }
}

extension [AttributeFragment] {
    fileprivate func wholeOnes() throws(EntityError) -> [Attribute] {
        var whole: [Attribute] = []
        for fragment in self where !fragment.isNull { whole.append(try fragment.whole()) }
        return whole
    }
}

extension [String: JSONValue] {
    fileprivate var asObject: JSONValue {
        .object(JSONObject(map { (key: $0.key, value: $0.value) }))
    }
}

extension JSONValue {
    /// JSON Merge Patch (RFC 7396) with NGSI-LD Null in place of null (clause 5.5.12).
    func mergePatched(with patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = objectValue ?? JSONObject()
        for (key, value) in changes.members {
            if value.stringValue == NGSILDNull.uri {
                result[key] = nil
            } else {
                result[key] = (result[key] ?? .null).mergePatched(with: value)
            }
        }
        return .object(result)
    }
}
