@testable import Gateway

/// How rights govern a route of the hub.
enum RightsCoverage {
    /// Its answers tell of city data, as far as policies and choices let them.
    case byRules
    /// Its answers tell a person of itself.
    case ownData
    /// Its answers tell of no city data.
    case nothing
}

extension RightsCoverage {
    /// What governs each route, by method and path.
    ///
    /// A new route needs its entry here.
    static let all: [String: RightsCoverage] = [
        (telling, RightsCoverage.byRules), (ofPersons, .ownData), (silent, .nothing),
    ].reduce(into: [:]) { all, part in
        for route in part.0 { all[route] = part.1 }
    }

    private static let base = "/ngsi-ld/v1"

    private static let telling = [
        "GET \(base)/entities", "GET \(base)/entities/{entityId}",
        "POST \(base)/entityOperations/query", "POST \(base)/temporal/entityOperations/query",
        "GET \(base)/temporal/entities", "GET \(base)/temporal/entities/{entityId}",
        "GET \(base)/types", "GET \(base)/types/{type}",
        "GET \(base)/attributes", "GET \(base)/attributes/{attrId}",
        "GET \(base)/entityMaps", "POST \(base)/entityMaps", "GET \(base)/entityMaps/{entityMapId}",
        "GET \(base)/temporal/entityMaps", "POST \(base)/temporal/entityMaps",
        "GET /collections", "GET /collections/{collectionId}",
        "GET /collections/{collectionId}/items",
        "GET /collections/{collectionId}/items/{featureId}", "GET /catalog", "POST /mcp",
        "GET /events", "GET /tiles/{collectionId}",
        "GET /tiles/{collectionId}/{zoom}/{column}/{row}", "GET /aggregates",
        "GET \(things)/{thingsSet}", "GET \(things)/{thingsSet}/{relation}",
        "GET \(things)/{thingsSet}/{relation}/{further}",
        "GET \(things)/{thingsSet}/{relation}/{further}/{last}",
        "GET /data/rows",
    ]

    private static let things = "/sensorthings/v1.1"

    private static let ofPersons = [
        "GET /my-data", "GET /governance/v1/subjects/{subjectId}/accesses",
        "GET /governance/v1/subjects/{subjectId}/data",
    ]

    /// Definitions of sources, and messages that became no entities: for whoever runs the hub.
    private static let sources = [
        "GET /parties", "POST /parties", "GET /sources", "POST /sources",
        "POST /sources/{sourceName}", "GET /sources/v1",
        "GET /sources/v1/{sourceName}", "PUT /sources/v1/{sourceName}",
        "DELETE /sources/v1/{sourceName}", "POST /sources/v1/{sourceName}/pause",
        "POST /sources/v1/{sourceName}/resume", "POST /sources/v1/{sourceName}/try",
        "GET /sources/v1/{sourceName}/refused", "POST /sources/v1/{sourceName}/refused/retry",
        "DELETE /sources/v1/{sourceName}/refused",
    ]

    /// What is provisioned for devices, what these send, and commands that were written for them: for
    /// whoever runs the hub, and for who has the key of a group.
    private static let devices = [
        "GET /iot/services", "POST /iot/services", "PUT /iot/services", "DELETE /iot/services",
        "GET /iot/devices", "POST /iot/devices", "GET /iot/devices/{deviceId}",
        "PUT /iot/devices/{deviceId}", "DELETE /iot/devices/{deviceId}", "POST /iot/json",
        "GET /iot/json", "POST /iot/json/attrs/{attributeName}", "POST /iot/json/commands",
    ]

    private static let silent =
        writes + kept + governance + sources + devices + [
            "GET \(base)/info/sourceIdentity", "GET /conformance", "GET /api", "GET /", "GET /data",
            "GET \(things)",
            "GET /hub", "GET /sign-in", "GET /sign-in/with/{provider}",
            "GET /sign-in/from/{provider}",
            "POST /sign-in", "POST /sign-in/purpose", "POST /sign-out",
            "GET /assets/{folder}/{name}", "GET /health",
            "GET /metrics", "GET /network", "GET /openapi.json", "GET /rules", "GET /record",
            "POST /record",
            "POST /my-data/choices", "POST /my-data/erasure", "POST /governance/v1/statistics",
            "GET /hub/dead-letters", "GET /hub/city", "PUT /hub/city", "GET /setup",
            "POST /setup/city", "POST /setup/rules",
            "POST /hub/dead-letters/replay", "DELETE /hub/dead-letters",
        ]

    private static let writes = [
        "POST \(base)/entities", "DELETE \(base)/entities", "PUT \(base)/entities/{entityId}",
        "PATCH \(base)/entities/{entityId}", "DELETE \(base)/entities/{entityId}",
        "POST \(base)/entities/{entityId}/attrs", "PATCH \(base)/entities/{entityId}/attrs",
        "PATCH \(base)/entities/{entityId}/attrs/{attrId}",
        "PUT \(base)/entities/{entityId}/attrs/{attrId}",
        "DELETE \(base)/entities/{entityId}/attrs/{attrId}",
        "POST \(base)/entityOperations/create", "POST \(base)/entityOperations/upsert",
        "POST \(base)/entityOperations/update", "POST \(base)/entityOperations/merge",
        "POST \(base)/entityOperations/delete", "POST /hub/readings",
        "POST \(base)/temporal/entities", "DELETE \(base)/temporal/entities/{entityId}",
        "POST \(base)/temporal/entities/{entityId}/attrs",
        "DELETE \(base)/temporal/entities/{entityId}/attrs/{attrId}",
        "PATCH \(base)/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
        "DELETE \(base)/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
        "POST /hub/imports/gtfs", "POST /hub/imports/csv", "POST /hub/imports/entities",
        "POST /hub/imports/history", "POST /hub/imports/geojson", "POST /hub/imports/xlsx",
    ]

    /// What callers keep in the hub: queries of theirs, and not what these find.
    private static let kept = [
        "POST \(base)/subscriptions", "GET \(base)/subscriptions",
        "GET \(base)/subscriptions/{subscriptionId}",
        "PATCH \(base)/subscriptions/{subscriptionId}",
        "DELETE \(base)/subscriptions/{subscriptionId}",
        "POST \(base)/csourceSubscriptions", "GET \(base)/csourceSubscriptions",
        "GET \(base)/csourceSubscriptions/{subscriptionId}",
        "PATCH \(base)/csourceSubscriptions/{subscriptionId}",
        "DELETE \(base)/csourceSubscriptions/{subscriptionId}",
        "POST \(base)/csourceRegistrations", "GET \(base)/csourceRegistrations",
        "GET \(base)/csourceRegistrations/{registrationId}",
        "PATCH \(base)/csourceRegistrations/{registrationId}",
        "DELETE \(base)/csourceRegistrations/{registrationId}",
        "POST \(base)/jsonldContexts", "GET \(base)/jsonldContexts",
        "GET \(base)/jsonldContexts/{contextId}", "DELETE \(base)/jsonldContexts/{contextId}",
        "PATCH \(base)/entityMaps/{entityMapId}", "DELETE \(base)/entityMaps/{entityMapId}",
        "POST \(base)/snapshots", "DELETE \(base)/snapshots",
        "GET \(base)/snapshots/{snapshotId}", "PATCH \(base)/snapshots/{snapshotId}",
        "DELETE \(base)/snapshots/{snapshotId}", "POST \(base)/snapshots/{snapshotId}/clone",
    ]

    private static let rights = "/governance/v1"
    private static let tile = "/record/tile/{part1}/{part2}"

    /// Rules, choices and the record: no city data.
    private static let governance = [
        "GET \(rights)/classification", "PUT \(rights)/classification", "GET \(rights)/policies",
        "GET \(rights)/policies/{policyId}", "PUT \(rights)/policies/{policyId}",
        "DELETE \(rights)/policies/{policyId}", "POST \(rights)/policies/preview",
        "POST \(rights)/classification/preview", "GET \(rights)/rules", "PUT \(rights)/rules",
        "DELETE \(rights)/rules",
        "POST \(rights)/rules/preview",
        "POST \(rights)/choices",
        "GET \(rights)/subjects/{subjectId}/choices", "DELETE \(rights)/subjects/{subjectId}/data",
        "GET /record/checkpoint", "GET \(tile)", "GET \(tile)/{part3}",
        "GET \(tile)/{part3}/{part4}", "GET \(tile)/{part3}/{part4}/{part5}",
        "GET \(tile)/{part3}/{part4}/{part5}/{part6}", "GET /record/proofs/{leaf}",
        "POST /record/witness/add-checkpoint", "GET /record/witness/checkpoint",
        "GET /network/v1/rules", "GET /network/v1/verdict", "GET /network/v1/exemptions",
        "GET /network/v1/exemptions/{exemptionId}", "PUT /network/v1/exemptions/{exemptionId}",
        "DELETE /network/v1/exemptions/{exemptionId}", "GET /network/v1/members",
        "POST /network/v1/members", "GET /network/v1/members/{memberId}",
        "DELETE /network/v1/members/{memberId}", "PUT /network/v1/members/{memberId}/standing",
        "GET /network/v1/reports/rules", "PUT /network/v1/reports/rules",
        "GET /network/v1/suspensions", "POST /network/v1/suspensions",
        "DELETE /network/v1/suspensions/{suspensionId}",
        // What cities tell each other of incidents, which says nothing of persons.
        "GET /taxii2/", "GET /taxii2/hub/", "GET /taxii2/hub/status/{statusId}/",
        "GET \(Taxii.collections)", "GET \(Taxii.one)", "GET \(Taxii.one)manifest/",
        "GET \(Taxii.objects)", "POST \(Taxii.objects)", "GET \(Taxii.objects){objectId}/",
        "GET \(Taxii.objects){objectId}/versions/",
    ]

    /// Routes that nobody is answered well by what is asked in the test, so that their entry is not
    /// proved.
    ///
    /// The list may only shrink.
    static let unproved: Set<String> = [
        "POST /hub/imports/csv",
        "POST /hub/imports/gtfs",
        "POST /hub/imports/xlsx",
        "POST /my-data/choices",
        "POST /my-data/erasure",
        "POST /record",
        "POST /setup/city",
        "POST /setup/rules",
        // What nobody has told or published is not there.
        "GET /hub/city",
        "GET /network/v1/exemptions/{exemptionId}",
        "DELETE /network/v1/exemptions/{exemptionId}",
        // They lead elsewhere, and go on when a provider has answered.
        "GET /sign-in/with/{provider}",
        "GET /sign-in/from/{provider}",
        "POST /sign-in",
        "POST /sign-in/purpose",
        "POST /sign-out",
        "POST /governance/v1/statistics",
        "PUT /governance/v1/policies/{policyId}",
        "GET \(base)/csourceSubscriptions/{subscriptionId}",
        "PATCH \(base)/csourceSubscriptions/{subscriptionId}",
        "DELETE \(base)/csourceSubscriptions/{subscriptionId}",
        "GET /record/tile/{part1}/{part2}",
        "GET /record/tile/{part1}/{part2}/{part3}",
        "GET /record/tile/{part1}/{part2}/{part3}/{part4}",
        "GET /record/tile/{part1}/{part2}/{part3}/{part4}/{part5}",
        "GET /record/tile/{part1}/{part2}/{part3}/{part4}/{part5}/{part6}",
    ]
}
