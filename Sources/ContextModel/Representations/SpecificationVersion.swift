/// A version of the NGSI-LD specification that a caller wants entities to conform to (clause
/// 4.3.6.8).
package struct SpecificationVersion: Sendable, Hashable, Comparable {
    package var major: Int
    package var minor: Int

    /// The version of the core `@context` that this hub answers with.
    package static let own = SpecificationVersion(1, 9)

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `1.6`; nil when it is not a version.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = Int(parts[0]), let minor = Int(parts[1]), major >= 1,
            minor >= 0
        else { return nil }
        self.init(major, minor)
    }

    package var text: String { "\(major).\(minor)" }

    package static func < (a: SpecificationVersion, b: SpecificationVersion) -> Bool {
        (a.major, a.minor) < (b.major, b.minor)
    }
}

extension Entity {
    /// The entity as it was in the version: later parts are left out or replaced (tables 4.3.6.8-1
    /// to 4.3.6.8-3).
    func conforming(to version: SpecificationVersion, _ context: LDContext) -> Entity {
        guard version < .own else { return self }
        var entity = self
        entity.expiresAt = nil
        if version < SpecificationVersion(1, 4) { entity.scopes = [] }
        if version < SpecificationVersion(1, 3) { entity.types = Array(types.prefix(1)) }
        entity.attributes = attributes.conforming(to: version, context)
        return entity
    }
}

extension [NamedAttribute] {
    fileprivate func conforming(
        to version: SpecificationVersion,
        _ context: LDContext
    ) -> [NamedAttribute] {
        map { named in
            var instances = named.instances
            if version < SpecificationVersion(1, 3) {
                let first = instances.first { $0.datasetID == nil } ?? instances[0]
                instances = [first]
            }
            return NamedAttribute(
                name: named.name,
                instances: instances.map { $0.conforming(to: version, context) }
            )
        }
    }
}

extension NamedAttribute {
    /// The attribute of an evolution as it was in the version, with one dataset where the version
    /// had no others.
    ///
    /// Instances keep their `observedAt`, which identifies the moment of each.
    package func conforming(
        overTimeTo version: SpecificationVersion,
        _ context: LDContext
    ) -> NamedAttribute {
        var instances = instances
        if version < SpecificationVersion(1, 3) {
            let hasDefault = instances.contains { $0.datasetID == nil }
            let dataset = hasDefault ? nil : instances.first?.datasetID
            instances.removeAll { $0.datasetID != dataset }
        }
        return NamedAttribute(
            name: name,
            instances: instances.map {
                var instance = $0.conforming(to: version, context)
                instance.observedAt = $0.observedAt
                return instance
            }
        )
    }
}

extension Attribute {
    fileprivate func conforming(
        to version: SpecificationVersion,
        _ context: LDContext
    ) -> Attribute {
        var attribute = self
        attribute.details?.expiresAt = nil
        attribute.details?.valueType = nil
        if version < SpecificationVersion(1, 8) {
            attribute.details?.objectTypes = []
            attribute.compactVocabulary(context)
        }
        attribute.kind = kind.conforming(to: version)
        if version < SpecificationVersion(1, 3) {
            attribute.datasetID = nil
            attribute.observedAt = nil
            attribute.unitCode = nil
        }
        if attribute.details == AttributeDetails() { attribute.details = nil }
        attribute.attributes = attributes.conforming(to: version, context)
        return attribute
    }

    /// Compacts terms of a vocabulary, as names in an answer are.
    private mutating func compactVocabulary(_ context: LDContext) {
        guard kind == .vocabProperty else { return }
        let terms = (value.arrayValue ?? [value]).map { name -> JSONValue in
            name.stringValue.map { .string(context.compact(IRI($0))) } ?? name
        }
        value = value.arrayValue == nil ? terms[0] : .array(terms)
    }
}

extension Attribute.Kind {
    /// The kind in the version: kinds of version 1.8 become Properties and Relationships, as do
    /// LanguageProperties before 1.4.
    package func conforming(to version: SpecificationVersion) -> Attribute.Kind {
        switch self {
        case .jsonProperty, .listProperty, .vocabProperty:
            version < SpecificationVersion(1, 8) ? .property : self
        case .listRelationship: version < SpecificationVersion(1, 8) ? .relationship : self
        case .languageProperty: version < SpecificationVersion(1, 4) ? .property : self
        case .property, .relationship, .geoProperty: self
        }
    }
}
