/// The core `@context` of ETSI GS CIM 009 v1.9.1, annex B, built in so that a hub needs no
/// Internet access.
package enum CoreContext {
    /// The version that this hub answers with.
    package static let url = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld"
    /// The namespace of `ngsi-ld:`.
    package static let namespace = "https://uri.etsi.org/ngsi-ld/"
    /// `@vocab`: the namespace of names that no `@context` defines.
    package static let defaultVocabulary = "https://uri.etsi.org/ngsi-ld/default-context/"
    private static let geoJSON = "https://purl.org/geojson/vocab#"

    /// Whether a URL names a published version of the core `@context`.
    ///
    /// Later versions only add terms, so this one serves for all.
    package static func isCore(_ url: String) -> Bool {
        var rest = Substring(url)
        for prefix in ["https://", "http://"] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
        }
        let stem = "uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context"
        guard rest.hasPrefix(stem), rest.hasSuffix(".jsonld") else { return false }
        let version = rest.dropFirst(stem.count).dropLast(".jsonld".count)
        if version.isEmpty { return true }
        return version.hasPrefix("-v1.") && version.count == 5
            && version.last.map { ("1"..."9").contains($0) } == true
    }

    /// The terms whose IRI is the term itself in the `ngsi-ld:` namespace.
    private static let ownTerms = """
        Attribute AttributeList ContextSourceIdentity ContextSourceNotification
        ContextSourceRegistration Date DateTime EntityType EntityTypeInfo EntityTypeList
        ExecutionResultDetails GeoProperty JsonProperty LanguageProperty ListProperty
        ListRelationship Notification Property Relationship Snapshot SnapshotNotification
        Subscription TemporalProperty Time VocabProperty accept aggrParams aggrMethods
        aggrPeriodDuration attributeList attributeName attributeNames attributeTypes attributes
        attrs avg cacheDuration collation contextSourceAlias contextSourceExtras contextSourceInfo
        contextSourceTimeAt contextSourceUptime cooldown createdAt csf data datasetId deletedAt
        detail distinctCount endAt endTimeAt endpoint entities entity entityCount entityId
        entityList error errors expandValues expiresAt format geoQ geoproperty georel idPattern
        information instanceId isActive join jsonKeys jsons lang lastFailure lastNotification
        lastSuccess lastUsedAt linkedMaps localOnly location management managementInterval max min
        mode modifiedAt ngsildproof notification notificationTrigger notifiedAt notifierInfo
        notUpdated observationInterval observationSpace observedAt omit operations operationSpace
        orderBy ordering pick problemDetails propertyNames q reason receiverInfo refreshRate
        registrationId registrationName relationshipNames resultStatus scope scopeQ showChanges
        snapshotId snapshotLifetime snapshotPriority snapshotQueries snapshotQueriesDetails
        snapshotStatus snapshotTemporalQueries snapshotTemporalQueriesDetails startAt status
        stddev subscriptionId subscriptionName success sum sumsq sysAttrs temporalQ tenant
        throttling timeAt timeInterval timeout timeproperty timerel timesFailed timesSent
        totalCount triggerReason typeList typeName typeNames unchanged unitCode updated uri
        watchedAttributes
        """

    /// The terms with another name in the `ngsi-ld:` namespace.
    private static let renamedTerms = [
        "containedBy": "isContainedBy", "dataset": "hasDataset", "entityMap": "hasEntityMap",
        "json": "hasJSON", "joinLevel": "hasJoinLevel", "key": "hasKey",
        "languageMap": "hasLanguageMap", "languageMaps": "hasLanguageMaps",
        "object": "hasObject", "objectList": "hasObjectList", "objectLists": "hasObjectLists",
        "objects": "hasObjects", "objectType": "hasObjectType", "previousJson": "hasPreviousJson",
        "previousLanguageMap": "hasPreviousLanguageMap", "previousObject": "hasPreviousObject",
        "previousObjectList": "hasPreviousObjectList", "previousValue": "hasPreviousValue",
        "previousValueList": "hasPreviousValueList", "previousVocab": "hasPreviousVocab",
        "value": "hasValue", "valueList": "hasValueList", "valueLists": "hasValueLists",
        "values": "hasValues", "valueType": "hasValueType", "vocab": "hasVocab",
        "vocabs": "hasVocabs",
    ]

    private static let geoJSONTerms = """
        Feature FeatureCollection GeometryCollection LineString MultiLineString MultiPoint
        MultiPolygon Point Polygon bbox coordinates features geometry properties
        """

    /// Every core term with its IRI.
    package static let terms: [String: IRI] = {
        var terms = [
            "ngsi-ld": IRI(namespace), "geojson": IRI(geoJSON),
            "description": IRI("http://purl.org/dc/terms/description"),
            "title": IRI("http://purl.org/dc/terms/title"),
            "langString": IRI("http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"),
        ]
        for term in words(ownTerms) { terms[term] = IRI(namespace + term) }
        for (term, name) in renamedTerms { terms[term] = IRI(namespace + name) }
        for term in words(geoJSONTerms) { terms[term] = IRI(geoJSON + term) }
        return terms
    }()

    /// The terms by IRI.
    static let termsByIRI: [IRI: String] = Dictionary(
        terms.map { ($0.value, $0.key) },
        uniquingKeysWith: { first, _ in first }
    )

    /// The terms that may begin a compact IRI, with their IRIs.
    static let prefixes: [String: String] = ["ngsi-ld": namespace, "geojson": geoJSON]
    static let prefixesByIRI: [IRI: String] = Dictionary(
        uniqueKeysWithValues: prefixes.map { (IRI($0.value), $0.key) }
    )

    private static func words(_ text: String) -> [String] {
        text.split { $0 == " " || $0 == "\n" }.map(String.init)
    }

    /// The document, for those who request it from the hub.
    package static let document: JSONValue = {
        var members: [(key: String, value: JSONValue)] = [
            ("@version", 1.1), ("@protected", true), ("id", "@id"), ("type", "@type"),
        ]
        for (term, iri) in terms.sorted(by: { $0.key < $1.key }) {
            members.append((term, .string(iri.text)))
        }
        members.append(("@vocab", .string(defaultVocabulary)))
        return ["@context": .object(JSONObject(members))]
    }()
}

/// The names that the hub itself uses.
extension IRI {
    package static let location = IRI(CoreContext.namespace + "location")
    /// The scope: not an attribute, but named like one where a request changes it.
    package static let scope = IRI(CoreContext.namespace + "scope")
    package static let observationSpace = IRI(CoreContext.namespace + "observationSpace")
    package static let operationSpace = IRI(CoreContext.namespace + "operationSpace")
}
