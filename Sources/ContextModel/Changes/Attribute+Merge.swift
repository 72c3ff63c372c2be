extension AttributeFragment {
    /// The attribute that the fragment describes on its own.
    func whole() throws(EntityError) -> Attribute {
        var fragment = self
        // A simplified value for which nothing is stored is a Property (clause 4.5.4).
        if fragment.kind == nil, fragment.value != nil { fragment.kind = .property }
        guard let attribute = fragment.complete else {
            throw EntityError("An attribute is given without a value.")
        }
        return attribute
    }
}

extension Attribute {
    /// Replaces the members that the fragment gives; others stay (clause 5.5.8, example 1).
    func partiallyUpdated(with fragment: AttributeFragment) throws(EntityError) -> Attribute {
        try checkKind(of: fragment)
        var result = self
        if let value = fragment.value { result.value = value }
        result.takeMembers(of: fragment)
        try result.replaceSubattributes(fragment.attributes)
        return result
    }

    /// Merges the fragment to any depth (clause 5.5.12).
    func merged(
        with fragment: AttributeFragment,
        common: MergeDefaults
    ) throws(EntityError) -> Attribute {
        var result = self
        if let given = fragment.value {
            let value = adapted(given, language: common.language)
            if fragment.kind != nil, !sharesKind(with: fragment, value) {
                // An attribute of another kind replaces this one.
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
        try result.mergeSubattributes(fragment.attributes)
        return result
    }

    /// Adapts a plain value to a kind whose values have another layout (clause 5.6.17).
    private func adapted(_ value: JSONValue, language: String?) -> JSONValue {
        switch (kind, value) {
        case (.languageProperty, .string): .object(JSONObject([(language ?? "@none", value)]))
        case (.languageProperty, .object(let map)): map["languageMap"] ?? value
        case (.vocabProperty, .object(let map)): map["vocab"] ?? value
        case (.jsonProperty, .object(let map)): map["json"] ?? value
        default: value
        }
    }

    private func sharesKind(with fragment: AttributeFragment, _ value: JSONValue) -> Bool {
        if fragment.kind == kind { return true }
        // A concise string is the text of a LanguageProperty in the request's language.
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

    /// Replaces the sub-attributes that the fragment gives, instance by instance.
    private mutating func replaceSubattributes(_ given: [NamedFragment]) throws(EntityError) {
        guard !given.isEmpty else { return }
        let names = Set(given.map(\.name))
        attributes.removeAll { names.contains($0.name) }
        for named in given {
            let instances = try named.instances.wholeOnes()
            if !instances.isEmpty {
                attributes.append(NamedAttribute(name: named.name, instances: instances))
            }
        }
    }

    private mutating func mergeSubattributes(_ given: [NamedFragment]) throws(EntityError) {
        guard !given.isEmpty else { return }
        var places = InstancePlaces()
        for named in given {
            for fragment in named.instances {
                let place = places.place(of: named.name, fragment.datasetID, in: attributes)
                switch (place, fragment.isNull) {
                case (let place?, true): places.remove(place, of: fragment.datasetID)
                case (nil, true): break
                case (let place?, false):
                    let old = attributes[place.attribute].instances[place.instance]
                    let new = try old.merged(with: fragment, common: MergeDefaults())
                    attributes[place.attribute].instances[place.instance] = new
                case (nil, false):
                    let instance = try fragment.whole()
                    if let index = places.place(of: named.name, in: attributes) {
                        attributes[index].instances.append(instance)
                    } else {
                        attributes.append(NamedAttribute(name: named.name, instances: [instance]))
                    }
                }
            }
        }
        attributes = places.compacted(attributes)
    }
}

extension [AttributeFragment] {
    fileprivate func wholeOnes() throws(EntityError) -> [Attribute] {
        var whole: [Attribute] = []
        for fragment in self where !fragment.isNull { whole.append(try fragment.whole()) }
        return whole
    }
}

extension JSONValue {
    /// Applies a JSON Merge Patch (RFC 7396), with NGSI-LD Null in place of null (clause 5.5.12).
    func mergePatched(with patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members = objectValue?.members ?? []
        var places = GrowingIndex<String>()
        for (key, value) in changes.members {
            let place = places.place(of: key, in: members, by: \.key)
            switch (place, value.stringValue == NGSILDNull.uri) {
            case (let place?, true): places.remove(place, of: key)
            case (nil, true): break
            case (let place?, false):
                members[place].value = members[place].value.mergePatched(with: value)
            case (nil, false): members.append((key, JSONValue.null.mergePatched(with: value)))
            }
        }
        return .object(JSONObject(places.compacted(members)))
    }
}
