/// An entity with expanded names (clause 4.5.1): the representation of city data inside the hub.
///
/// Terms, `@context`s and representations are used only where data enters or leaves the hub.
package struct Entity: Sendable, Equatable {
    package var id: EntityID
    /// At least one, in the order given.
    package var types: [IRI]
    /// Scopes (clause 4.18) such as `/Phuket/Patong`.
    package var scopes: [String]
    /// One element for each name, in the order in which names were first given.
    package var attributes: [NamedAttribute]
    package var createdAt: Timestamp?
    package var modifiedAt: Timestamp?
    package var expiresAt: Timestamp?
    /// When the entity was deleted, in a notification (clause 4.8); never stored.
    package var deletedAt: Timestamp?

    package init(
        id: EntityID,
        types: [IRI],
        scopes: [String] = [],
        attributes: [NamedAttribute] = [],
        createdAt: Timestamp? = nil,
        modifiedAt: Timestamp? = nil,
        expiresAt: Timestamp? = nil
    ) {
        self.id = id
        self.types = types
        self.scopes = scopes
        self.attributes = attributes
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
        self.expiresAt = expiresAt
    }

    /// The instances of the attribute; empty when the entity has none.
    package subscript(name: IRI) -> [Attribute] {
        attributes.first { $0.name == name }?.instances ?? []
    }
}

/// The instances of an attribute name: several when they have different `datasetId`s (clause
/// 4.5.5).
package struct NamedAttribute: Sendable, Equatable {
    package var name: IRI
    /// Never empty.
    package var instances: [Attribute]

    package init(name: IRI, instances: [Attribute]) {
        self.name = name
        self.instances = instances
    }
}

/// One instance of an attribute (clauses 4.5.2 to 4.5.24).
package struct Attribute: Sendable, Equatable {
    /// The attribute kinds of clause 4.5.
    package enum Kind: UInt8, Sendable, CaseIterable {
        case property, relationship, geoProperty, languageProperty
        case vocabProperty, jsonProperty, listProperty, listRelationship
    }

    package var kind: Kind
    /// The content of the kind's value member: `value`, `object`, `languageMap`, `vocab`
    /// (expanded), `json`, `valueList` or `objectList` (as an array of URIs).
    package var value: JSONValue
    /// `nil` for the default instance.
    package var datasetID: String?
    package var observedAt: Timestamp?
    /// The unit of a Property's value, a UN/CEFACT common code (Recommendation 20).
    package var unitCode: String?
    package var createdAt: Timestamp?
    package var modifiedAt: Timestamp?
    /// Sub-attributes: a Property of a Property, and so on.
    package var attributes: [NamedAttribute]
    /// The members that few attributes have; nil when it has none of them.
    package var details: AttributeDetails?

    package init(
        kind: Kind,
        value: JSONValue,
        datasetID: String? = nil,
        observedAt: Timestamp? = nil,
        unitCode: String? = nil,
        createdAt: Timestamp? = nil,
        modifiedAt: Timestamp? = nil,
        attributes: [NamedAttribute] = [],
        details: AttributeDetails? = nil
    ) {
        self.kind = kind
        self.value = value
        self.datasetID = datasetID
        self.observedAt = observedAt
        self.unitCode = unitCode
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt
        self.attributes = attributes
        self.details = details
    }
}

/// The members that few attributes have.
package struct AttributeDetails: Sendable, Equatable {
    package var deletedAt: Timestamp?
    package var expiresAt: Timestamp?
    /// The identifier of an instance in a temporal evolution (clause 4.5.7).
    package var instanceID: String?
    /// The expanded `objectType` of a Relationship or ListRelationship (clause 4.5.3).
    package var objectTypes: [IRI]
    /// The previous value: `previousValue`, `previousObject` and others (clause 4.5.2).
    package var previousValue: JSONValue?
    /// The `valueType` of a Property (clause 4.5.2), expanded or of XSD.
    package var valueType: String?
    /// The `ngsildproof`, unchanged (annex C.10).
    package var proof: JSONValue?

    package init(
        deletedAt: Timestamp? = nil,
        expiresAt: Timestamp? = nil,
        instanceID: String? = nil,
        objectTypes: [IRI] = [],
        previousValue: JSONValue? = nil,
        valueType: String? = nil,
        proof: JSONValue? = nil
    ) {
        self.deletedAt = deletedAt
        self.expiresAt = expiresAt
        self.instanceID = instanceID
        self.objectTypes = objectTypes
        self.previousValue = previousValue
        self.valueType = valueType
        self.proof = proof
    }
}
