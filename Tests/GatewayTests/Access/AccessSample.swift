import HTTPTypes
import HubNetwork

@testable import Gateway

/// A request to a route that succeeds for a caller with the right.
struct AccessSample {
    var query = ""
    /// `{type}`, `{entity}` and `{attribute}` stand for the target's.
    var template: String?
    /// What stands for captures of the path, where the standard values do not fit.
    var captures: [String: String] = [:]

    init(query: String = "", _ template: String? = nil, captures: [String: String] = [:]) {
        self.query = query
        self.template = template
        self.captures = captures
    }

    func body(_ target: AccessTarget, _ values: [String: String] = [:]) -> String? {
        template.map { Self.fill($0, target, values) }
    }

    func uri(_ path: String, _ target: AccessTarget, _ values: [String: String]) -> String {
        let own = captures.mapValues { Self.fill($0, target, values) }
        return Self.fill(
            query.isEmpty ? path : path + "?" + query,
            target,
            values.merging(own) { $1 }
        )
    }

    private static func fill(
        _ template: String,
        _ target: AccessTarget,
        _ values: [String: String]
    ) -> String {
        let standard = [
            "type": target.type, "entity": target.entity, "entityId": target.entity,
            "attribute": target.attribute, "attrId": target.attribute,
            "subscriptionId": target.subscription, "collectionId": target.type,
            "featureId": target.entity,
            "registrationId": "urn:ngsi-ld:ContextSourceRegistration:1",
            "folder": "css", "name": "balai.css", "policyId": "urn:policy:1",
            "subjectId": "urn:person:1", "sourceName": "air", "deviceId": "pump",
            "memberId": SampleMember.id.text, "description": SampleMember.text,
            "attributeName": "level", "provider": "city", "leaf": "0",
            "suspensionId": "x", "statusId": "x", "objectId": reportID,
            "part1": "0",
            "part2": "000",
            "part3": "x001", "part4": "x001", "part5": "x001", "part6": "x001",
        ].merging(values) { $1 }
        return standard.reduce(template) {
            $0.replacing("{\($1.key)}", with: $1.value)
        }
    }
}

extension AccessSample {
    /// One for every route of the hub, by method and path.
    static let all: [String: AccessSample] =
        [
            entities, attributes, batches, temporal, entityMaps, snapshots, discovery,
            subscriptions, registrations, features, governance, network, messages, devices, rest,
        ]
        .reduce(into: [:]) { $0.merge($1) { first, _ in first } }

    private static let value = #"{"type": "Property", "value": "new"}"#

    private static let entity = """
        {"id": "{entity}", "type": "{type}", "{attribute}": \(value)}
        """

    private static let newEntity = """
        {"id": "{entity}:new", "type": "{type}", "{attribute}": \(value)}
        """

    private static let entities: [String: AccessSample] = [
        "POST /ngsi-ld/v1/entities": AccessSample(newEntity),
        "GET /ngsi-ld/v1/entities": AccessSample(query: "type={type}"),
        "DELETE /ngsi-ld/v1/entities": AccessSample(query: "type={type}"),
        "GET /ngsi-ld/v1/entities/{entityId}": AccessSample(),
        "PUT /ngsi-ld/v1/entities/{entityId}": AccessSample(entity),
        "PATCH /ngsi-ld/v1/entities/{entityId}": AccessSample(#"{"{attribute}": \#(value)}"#),
        "DELETE /ngsi-ld/v1/entities/{entityId}": AccessSample(),
    ]

    private static let attributes: [String: AccessSample] = [
        "POST /ngsi-ld/v1/entities/{entityId}/attrs": AccessSample(#"{"more": \#(value)}"#),
        "PATCH /ngsi-ld/v1/entities/{entityId}/attrs":
            AccessSample(#"{"{attribute}": \#(value)}"#),
        "PATCH /ngsi-ld/v1/entities/{entityId}/attrs/{attrId}": AccessSample(value),
        "PUT /ngsi-ld/v1/entities/{entityId}/attrs/{attrId}": AccessSample(value),
        "DELETE /ngsi-ld/v1/entities/{entityId}/attrs/{attrId}": AccessSample(),
    ]

    private static let query = #"{"type": "Query", "entities": [{"type": "{type}"}]}"#

    private static let temporalQuery = """
        {"type": "Query", "entities": [{"type": "{type}"}],
         "temporalQ": {"timerel": "before", "timeAt": "2100-01-01T00:00:00Z",
                       "timeproperty": "modifiedAt"}}
        """

    private static let batches: [String: AccessSample] = [
        "POST /ngsi-ld/v1/entityOperations/create": AccessSample("[\(newEntity)]"),
        "POST /ngsi-ld/v1/entityOperations/upsert": AccessSample("[\(entity)]"),
        "POST /ngsi-ld/v1/entityOperations/update": AccessSample("[\(entity)]"),
        "POST /ngsi-ld/v1/entityOperations/merge": AccessSample("[\(entity)]"),
        "POST /ngsi-ld/v1/entityOperations/delete": AccessSample(#"["{entity}"]"#),
        "POST /ngsi-ld/v1/entityOperations/query": AccessSample(query),
        "POST /ngsi-ld/v1/temporal/entityOperations/query": AccessSample(temporalQuery),
    ]

    private static let timed =
        #"{"type": "Property", "value": 1, "observedAt": "2026-01-01T00:00:00Z"}"#

    private static let evolution = "/ngsi-ld/v1/temporal/entities/{entityId}"
    private static let everything =
        "timerel=before&timeAt=2100-01-01T00:00:00Z&timeproperty=modifiedAt"

    private static let temporal: [String: AccessSample] = [
        "POST /ngsi-ld/v1/temporal/entities": AccessSample(
            #"{"id": "{entity}:new", "type": "{type}", "{attribute}": [\#(timed)]}"#
        ),
        "GET /ngsi-ld/v1/temporal/entities": AccessSample(query: "type={type}&\(everything)"),
        "GET \(evolution)": AccessSample(),
        "DELETE \(evolution)": AccessSample(),
        "POST \(evolution)/attrs": AccessSample(#"{"{attribute}": [\#(timed)]}"#),
        "DELETE \(evolution)/attrs/{attrId}": AccessSample(),
        "PATCH \(evolution)/attrs/{attrId}/{instanceId}":
            AccessSample(#"{"{attribute}": [\#(timed)]}"#),
        "DELETE \(evolution)/attrs/{attrId}/{instanceId}": AccessSample(),
    ]

    private static let maps = "/ngsi-ld/v1/entityMaps"

    private static let entityMaps: [String: AccessSample] = [
        "GET \(maps)": AccessSample(query: "type={type}"),
        "POST \(maps)": AccessSample(query),
        "GET /ngsi-ld/v1/temporal/entityMaps": AccessSample(query: "type={type}&\(everything)"),
        "POST /ngsi-ld/v1/temporal/entityMaps": AccessSample(temporalQuery),
        "GET \(maps)/{entityMapId}": AccessSample(),
        "PATCH \(maps)/{entityMapId}": AccessSample(#"{"expiresAt": "2030-01-01T00:00:00Z"}"#),
        "DELETE \(maps)/{entityMapId}": AccessSample(),
    ]

    private static let snapshot = "/ngsi-ld/v1/snapshots/{snapshotId}"

    private static let snapshots: [String: AccessSample] = [
        "POST /ngsi-ld/v1/snapshots": AccessSample(
            #"{"type": "Snapshot", "snapshotQueries": [\#(query)]}"#
        ),
        "DELETE /ngsi-ld/v1/snapshots": AccessSample(query: "q=snapshotPriority>0"),
        "GET \(snapshot)": AccessSample(),
        "PATCH \(snapshot)": AccessSample(#"{"snapshotPriority": 1}"#),
        "DELETE \(snapshot)": AccessSample(),
        "POST \(snapshot)/clone": AccessSample(#"{"type": "Snapshot"}"#),
    ]

    private static let discovery: [String: AccessSample] = [
        "GET /ngsi-ld/v1/types": AccessSample(query: "details=true"),
        "GET /ngsi-ld/v1/types/{type}": AccessSample(),
        "GET /ngsi-ld/v1/attributes": AccessSample(query: "details=true"),
        "GET /ngsi-ld/v1/attributes/{attrId}": AccessSample(),
        "GET /ngsi-ld/v1/info/sourceIdentity": AccessSample(),
    ]

    private static let things = "/sensorthings/v1.1"

    private static let features: [String: AccessSample] = [
        "GET /conformance": AccessSample(), "GET /api": AccessSample(),
        "GET /collections": AccessSample(),
        "GET /collections/{collectionId}": AccessSample(),
        "GET /collections/{collectionId}/items": AccessSample(query: "limit=100"),
        "GET /collections/{collectionId}/items/{featureId}": AccessSample(),
        "GET /catalog": AccessSample(),
        "GET /aggregates": AccessSample(
            query: "type={type}&attrs=size,{attribute}&from=2020-01-01&period=whole&by=entity"
                + "&timeproperty=modifiedAt"
        ),
        "GET /events": AccessSample(
            query: "type={type}&lastEventId=1970-01-01T00:00:00Z&once=true"
        ),
        "GET /tiles/{collectionId}": AccessSample(),
        "GET /tiles/{collectionId}/{zoom}/{column}/{row}": AccessSample(
            captures: ["zoom": "0", "column": "0", "row": "0"]
        ),
        "GET \(things)": AccessSample(),
        "GET \(things)/{thingsSet}": AccessSample(captures: ["thingsSet": "Things('{entity}')"]),
        "GET \(things)/{thingsSet}/{relation}": AccessSample(
            captures: ["thingsSet": "Things('{entity}')", "relation": "properties"]
        ),
        "GET \(things)/{thingsSet}/{relation}/{further}": AccessSample(
            captures: [
                "thingsSet": "Things('{entity}')", "relation": "Locations('{entity}')",
                "further": "Things('{entity}')",
            ]
        ),
        "GET \(things)/{thingsSet}/{relation}/{further}/{last}": AccessSample(
            captures: [
                "thingsSet": "Things('{entity}')", "relation": "Locations('{entity}')",
                "further": "Things('{entity}')", "last": "properties",
            ]
        ),
        "POST /mcp": AccessSample(
            """
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
             {"name": "query_entities", "arguments": {"type": "{type}"}}}
            """
        ),
    ]

    private static let newSubscription = """
        {"type": "Subscription", "entities": [{"type": "{type}"}],
         "notification": {"endpoint": {"uri": "http://receiver.example/"}}}
        """

    private static let subscriptions: [String: AccessSample] = [
        "POST /ngsi-ld/v1/subscriptions": AccessSample(newSubscription),
        "GET /ngsi-ld/v1/subscriptions": AccessSample(),
        "GET /ngsi-ld/v1/subscriptions/{subscriptionId}": AccessSample(),
        "PATCH /ngsi-ld/v1/subscriptions/{subscriptionId}":
            AccessSample(#"{"isActive": false}"#),
        "DELETE /ngsi-ld/v1/subscriptions/{subscriptionId}": AccessSample(),
    ]

    private static let newRegistration = """
        {"type": "ContextSourceRegistration", "endpoint": "http://source.example/",
         "information": [{"entities": [{"type": "{type}"}]}]}
        """
    private static let sources = "/ngsi-ld/v1/csourceSubscriptions"

    private static let registrations: [String: AccessSample] = [
        "POST /ngsi-ld/v1/csourceRegistrations": AccessSample(newRegistration),
        "GET /ngsi-ld/v1/csourceRegistrations": AccessSample(query: "type=\(AccessWorld.canary)"),
        "GET /ngsi-ld/v1/csourceRegistrations/{registrationId}": AccessSample(),
        "PATCH /ngsi-ld/v1/csourceRegistrations/{registrationId}":
            AccessSample(#"{"endpoint": "http://other.example/"}"#),
        "DELETE /ngsi-ld/v1/csourceRegistrations/{registrationId}": AccessSample(),
        "POST \(sources)": AccessSample(newSubscription),
        "GET \(sources)": AccessSample(),
        "GET \(sources)/{subscriptionId}": AccessSample(),
        "PATCH \(sources)/{subscriptionId}": AccessSample(#"{"isActive": false}"#),
        "DELETE \(sources)/{subscriptionId}": AccessSample(),
    ]

    private static let contexts = "/ngsi-ld/v1/jsonldContexts"

    private static let rights = "/governance/v1"

    private static let policy = """
        {"@type": "Set", "uid": "urn:policy:1", "permission": [
            {"action": "read", "assignee": "urn:balai:party:reader", "target": "{type}"}
        ]}
        """

    private static let choice = """
        {"subject": "urn:person:1", "purpose": "dpv:Marketing", "choice": "object"}
        """

    private static let governance: [String: AccessSample] = [
        "GET \(rights)/classification": AccessSample(),
        "PUT \(rights)/classification": AccessSample(#"{"{type}": {"class": "public"}}"#),
        "POST \(rights)/classification/preview": AccessSample(
            #"{"{type}": {"class": "public"}}"#
        ),
        "GET \(rights)/rules": AccessSample(),
        "PUT \(rights)/rules": AccessSample(#"{"public": {"types": ["{type}"]}}"#),
        "DELETE \(rights)/rules": AccessSample(),
        "POST \(rights)/rules/preview": AccessSample(#"{"public": {"types": ["{type}"]}}"#),
        "GET \(rights)/policies": AccessSample(),
        "GET \(rights)/policies/{policyId}": AccessSample(),
        "PUT \(rights)/policies/{policyId}": AccessSample(policy),
        "DELETE \(rights)/policies/{policyId}": AccessSample(),
        "POST \(rights)/policies/preview": AccessSample(policy),
        "POST \(rights)/choices": AccessSample(choice),
        "POST \(rights)/statistics": AccessSample(#"{"statistic": "count", "type": "{type}"}"#),
        "GET \(rights)/subjects/{subjectId}/choices": AccessSample(),
        "GET \(rights)/subjects/{subjectId}/accesses": AccessSample(),
        "GET \(rights)/subjects/{subjectId}/data": AccessSample(),
        "DELETE \(rights)/subjects/{subjectId}/data": AccessSample(),
        "GET /record/checkpoint": AccessSample(),
        "GET /record/tile/{part1}/{part2}": AccessSample(),
        "GET /record/tile/{part1}/{part2}/{part3}": AccessSample(),
        "GET /record/tile/{part1}/{part2}/{part3}/{part4}": AccessSample(),
        "GET /record/tile/{part1}/{part2}/{part3}/{part4}/{part5}": AccessSample(),
        "GET /record/tile/{part1}/{part2}/{part3}/{part4}/{part5}/{part6}": AccessSample(),
        "GET /record/proofs/{leaf}": AccessSample(),
        "POST /record/witness/add-checkpoint": AccessSample(FollowedRecord.question),
        "GET /record/witness/checkpoint": AccessSample(query: "record=" + FollowedRecord.key),
    ]

    private static let exemption = """
        {"title": "Clinics", "participants": ["urn:balai:party:reader"],
        "purpose": "dpv:PublicHealth", "categories": ["personal"], "source": "SG",
        "destinations": ["MY"], "from": "2100-01-01", "until": "2100-06-01",
        "report": "2100-07-01"}
        """

    private static let network: [String: AccessSample] = [
        "GET /network/v1/rules": AccessSample(),
        "GET /network/v1/verdict": AccessSample(
            query: "source=SG&destination=ID&category=personal&controller=public"
        ),
        "GET /network/v1/exemptions": AccessSample(),
        "GET /network/v1/exemptions/{exemptionId}": AccessSample(),
        "PUT /network/v1/exemptions/{exemptionId}": AccessSample(exemption),
        "DELETE /network/v1/exemptions/{exemptionId}": AccessSample(),
        "GET /network": AccessSample(),
        "GET /network/v1/members": AccessSample(),
        "POST /network/v1/members": AccessSample(#"{"descriptions": ["{description}"]}"#),
        "GET /network/v1/members/{memberId}": AccessSample(),
        "DELETE /network/v1/members/{memberId}": AccessSample(),
        "PUT /network/v1/members/{memberId}/standing": AccessSample(#"{"standing": "admitted"}"#),
        "GET /network/v1/reports/rules": AccessSample(),
        "PUT /network/v1/reports/rules": AccessSample(#"{"readers": []}"#),
        "GET /network/v1/suspensions": AccessSample(),
        "POST /network/v1/suspensions": AccessSample(
            #"{"subject": {"kind": "member", "hub": "{memberId}"}, "hours": 1, "reason": "test"}"#
        ),
        "DELETE /network/v1/suspensions/{suspensionId}": AccessSample(),
        "GET /taxii2/": AccessSample(), "GET /taxii2/hub/": AccessSample(),
        "GET /taxii2/hub/status/{statusId}/": AccessSample(),
        "GET /taxii2/hub/collections/": AccessSample(),
        "GET \(Taxii.one)": AccessSample(captures: collection),
        "GET \(Taxii.one)manifest/": AccessSample(captures: collection),
        "GET \(Taxii.objects)": AccessSample(captures: collection),
        "POST \(Taxii.objects)": AccessSample(report, captures: collection),
        "GET \(Taxii.objects){objectId}/": AccessSample(captures: collection),
        "GET \(Taxii.objects){objectId}/versions/": AccessSample(captures: collection),
    ]

    private static let collection = ["collectionId": Taxii.collectionID]
    static let reportID = "identity--165bea92-fa7a-4b01-81e7-553376045ad1"
    /// An envelope with a report.
    static let report = """
        {"objects": [{"type": "identity", "spec_version": "2.1", "id": "\(reportID)",
         "created": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z", "name": "CSIRT"}]}
        """

    private static let messages: [String: AccessSample] = [
        "GET /parties": AccessSample(query: "party=anonymous"),
        "POST /parties": AccessSample("action=replay"),
        "GET /sources": AccessSample(),
        "POST /sources": AccessSample("action=pause&name=air"),
        "POST /sources/{sourceName}": AccessSample(query: "key=x", #"{"a": 1}"#),
        "GET /sources/v1": AccessSample(),
        "GET /sources/v1/{sourceName}": AccessSample(),
        "PUT /sources/v1/{sourceName}": AccessSample(
            SourceSample.definition.replacing("{a}", with: "{topic}")
        ),
        "DELETE /sources/v1/{sourceName}": AccessSample(),
        "POST /sources/v1/{sourceName}/pause": AccessSample(),
        "POST /sources/v1/{sourceName}/resume": AccessSample(),
        "POST /sources/v1/{sourceName}/try": AccessSample(#"{"message": {"a": 1}}"#),
        "GET /sources/v1/{sourceName}/refused": AccessSample(),
        "POST /sources/v1/{sourceName}/refused/retry": AccessSample(),
        "DELETE /sources/v1/{sourceName}/refused": AccessSample(),
    ]

    private static let sender = "k=\(SourceSample.key)&i=pump"

    private static let devices: [String: AccessSample] = [
        "GET /iot/services": AccessSample(),
        "POST /iot/services": AccessSample(
            #"{"services": [{"apikey": "new-group-key", "entity_type": "Well"}]}"#
        ),
        "PUT /iot/services": AccessSample(query: "apikey=\(SourceSample.key)", "{}"),
        "DELETE /iot/services": AccessSample(query: "apikey=\(SourceSample.key)"),
        "GET /iot/devices": AccessSample(),
        "POST /iot/devices": AccessSample(
            #"{"devices": [{"device_id": "new", "apikey": "\#(SourceSample.key)"}]}"#
        ),
        "GET /iot/devices/{deviceId}": AccessSample(),
        "PUT /iot/devices/{deviceId}": AccessSample("{}"),
        "DELETE /iot/devices/{deviceId}": AccessSample(),
        "POST /iot/json": AccessSample(query: sender, #"{"level": 1}"#),
        "GET /iot/json": AccessSample(query: sender + "&getCmd=1"),
        "POST /iot/json/attrs/{attributeName}": AccessSample(query: sender, "1"),
        "POST /iot/json/commands": AccessSample(query: sender, #"{"start": "started"}"#),
    ]

    private static let rest: [String: AccessSample] = [
        "POST \(contexts)": AccessSample(#"{"@context": {"size": "https://example.org/size"}}"#),
        "GET \(contexts)": AccessSample(),
        "GET \(contexts)/{contextId}": AccessSample(),
        "DELETE \(contexts)/{contextId}": AccessSample(),
        "POST /hub/imports/gtfs": AccessSample(query: "feed=buses", "no archive"),
        "POST /hub/imports/csv": AccessSample(query: "map=none", "a,b"),
        "POST /hub/imports/xlsx": AccessSample(query: "map=none", "no workbook"),
        "POST /hub/imports/geojson": AccessSample(
            query: "type={type}",
            #"{"type": "Feature", "id": "{entity}", "properties": {"{attribute}": "new"}}"#
        ),
        "POST /hub/imports/entities": AccessSample(entity),
        "POST /hub/imports/history": AccessSample(
            #"{"id": "{entity}", "type": "{type}", "{attribute}": [\#(timed)]}"#
        ),
        "POST /hub/readings": AccessSample("[\(entity)]"),
        "GET /hub/dead-letters": AccessSample(),
        "POST /hub/dead-letters/replay": AccessSample(),
        "DELETE /hub/dead-letters": AccessSample(),
        "GET /": AccessSample(),
        "GET /data": AccessSample(),
        "GET /data/rows": AccessSample(query: "type={type}"),
        "GET /setup": AccessSample(),
        "POST /setup/city": AccessSample("name=Ranong&latitude=9.97&longitude=98.64"),
        "POST /setup/rules": AccessSample("public=all"),
        "GET /hub/city": AccessSample(),
        "PUT /hub/city": AccessSample(#"{"name": "Ranong", "latitude": 9.97, "longitude": 98.64}"#),
        "GET /hub": AccessSample(),
        "GET /my-data": AccessSample(),
        "POST /my-data/choices": AccessSample("choice=object&purpose=dpv:Marketing"),
        "POST /my-data/erasure": AccessSample("confirm=yes"),
        "GET /rules": AccessSample(),
        "GET /record": AccessSample(),
        "POST /record": AccessSample("no form"),
        "GET /sign-in": AccessSample(),
        "GET /sign-in/with/{provider}": AccessSample(),
        "GET /sign-in/from/{provider}": AccessSample(query: "state=none&code=none"),
        "POST /sign-in": AccessSample("link=none"),
        "POST /sign-in/purpose": AccessSample("purpose="),
        "POST /sign-out": AccessSample(),
        "GET /assets/{folder}/{name}": AccessSample(),
        "GET /health": AccessSample(),
        "GET /metrics": AccessSample(),
        "GET /openapi.json": AccessSample(),
    ]
}
