package import ContextModel
package import Governance
import Storage

/// A snapshot (clauses 4.3.7 and 5.2.41): the results of queries, copied at one time into their
/// own store.
///
/// It belongs to the party that created it, and has only what that party could see then. Reads
/// from it are also subject to that party's present grant.
package struct Snapshot: Sendable, Equatable {
    /// The progress of filling it (table 5.2.41-2).
    enum Status: String, Sendable {
        case preparing, success, partial, empty, failure
    }

    /// Identifies a snapshot: each party has its own names, so that no name tells of another
    /// party's.
    package struct Key: Sendable, Hashable {
        package var tenant: TenantName?
        package var owner: Party
        package var id: String
    }

    let key: Key
    /// The roles and the person of its maker.
    let standing: Standing
    let purpose: Purpose?
    /// The name of the store's file.
    let file: String
    /// The members that its maker wrote: queries, priority, endpoint and others, unchanged.
    var body: JSONObject
    /// The `@context` for its names.
    let context: JSONValue
    var status = Status.preparing
    var queryResults: [QueryResult] = []
    var temporalQueryResults: [QueryResult] = []
    let createdAt: Timestamp
    var modifiedAt: Timestamp
    var expiresAt: Timestamp
    var lastUsedAt: Timestamp
    /// How often notifying the endpoint of the last change has failed; nil when there is nothing
    /// to notify.
    var failedNotices: Int?

    /// The name of its store.
    package var store: TenantName {
        TenantName(
            snapshotFile: file,
            of: SnapshotOrigin(tenant: key.tenant, id: key.id)
        )
    }

    /// The caller in whose name it is filled.
    var maker: Caller {
        Caller(party: key.owner, standing: standing, purpose: purpose, tenant: key.tenant)
    }

    var priority: Int { body["snapshotPriority"]?.numberValue?.intValue ?? Self.standardPriority }

    static let standardPriority = 5

    /// The pairs that are sent to its endpoint with each notification.
    var receiverInfo: [KeyValuePair] {
        (body["receiverInfo"]?.arrayValue ?? []).compactMap { pair in
            guard let key = pair.objectValue?["key"]?.stringValue,
                let value = pair.objectValue?["value"]?.stringValue
            else { return nil }
            return KeyValuePair(key: key, value: value)
        }
    }
}

/// The result of a query of a snapshot (clause 5.2.42).
struct QueryResult: Sendable, Equatable {
    var hasFound: Bool
    /// The reason why it failed, if it did.
    var error: BrokerError?

    var json: JSONValue {
        var json = JSONObject()
        if let error { json["problemDetails"] = Self.details(error) }
        json["resultStatus"] = error != nil ? "failure" : hasFound ? "success" : "empty"
        return .object(json)
    }

    private static func details(_ error: BrokerError) -> JSONValue {
        let type =
            switch error.code {
            case .badRequestData: "BadRequestData"
            case .resourceNotFound: "ResourceNotFound"
            case .tooManyResults: "TooManyResults"
            case .tooComplexQuery: "TooComplexQuery"
            default: "InternalError"
            }
        return [
            "type": .string("https://uri.etsi.org/ngsi-ld/errors/\(type)"),
            "title": .string(type), "detail": .string(error.detail),
        ]
    }
}

// MARK: - In answers

extension Snapshot {
    /// The snapshot as its maker sees it.
    var shown: JSONObject {
        var json: JSONObject = ["id": .string(key.id), "type": "Snapshot"]
        json.members += body.members
        json["snapshotPriority"] = .number(JSONNumber(priority))
        json["snapshotStatus"] = .string(status.rawValue)
        for (member, results) in [
            ("snapshotQueriesDetails", queryResults),
            ("snapshotTemporalQueriesDetails", temporalQueryResults),
        ] where !results.isEmpty { json[member] = .array(results.map(\.json)) }
        for (member, time) in [
            ("createdAt", createdAt), ("modifiedAt", modifiedAt), ("expiresAt", expiresAt),
            ("lastUsedAt", lastUsedAt),
        ] { json[member] = .string(time.text) }
        return json
    }

    /// The notification of its status (clauses 5.3.4 and 5.16.6).
    ///
    /// Its table has another name for the results of temporal queries.
    func notification(id: String, at now: Timestamp) -> JSONObject {
        var json: JSONObject = [
            "id": .string(id), "type": "SnapshotNotification", "snapshotId": .string(key.id),
            "notifiedAt": .string(now.text), "snapshotStatus": .string(status.rawValue),
            "snapshotPriority": .number(JSONNumber(priority)),
            "expiresAt": .string(expiresAt.text),
        ]
        for (member, results) in [
            ("snapshotQueriesDetails", queryResults),
            ("temporalSnapshotQueriesDetails", temporalQueryResults),
        ] where !results.isEmpty { json[member] = .array(results.map(\.json)) }
        return json
    }

    /// The snapshot in the form of an entity, for the query of a purge.
    var entity: Entity {
        var entity = Entity(
            id: EntityID(key.id),
            types: [LDContext.core.expand("Snapshot")],
            createdAt: createdAt,
            modifiedAt: modifiedAt,
            expiresAt: expiresAt
        )
        entity.attributes = shown.members
            .filter { !["id", "type", "createdAt", "modifiedAt", "expiresAt"].contains($0.key) }
            .map { member in
                NamedAttribute(
                    name: LDContext.core.expand(member.key),
                    instances: [Attribute(kind: .property, value: member.value)]
                )
            }
        return entity
    }
}

// MARK: - As a document

extension Snapshot {
    var document: Document {
        var json: JSONObject = [
            "id": .string(key.id), "owner": key.owner.json, "file": .string(file),
            "body": .object(body), "context": context, "status": .string(status.rawValue),
            "queryResults": .array(queryResults.map(\.document)),
            "temporalQueryResults": .array(temporalQueryResults.map(\.document)),
            "createdAt": .string(createdAt.text), "modifiedAt": .string(modifiedAt.text),
            "expiresAt": .string(expiresAt.text), "lastUsedAt": .string(lastUsedAt.text),
        ]
        standing.write(to: &json)
        json["purpose"] = purpose.map { .string($0.text) }
        json["failedNotices"] = failedNotices.map { .number(JSONNumber($0)) }
        return Document(kind: .snapshot, id: file, body: JSONValue.object(json).serialized)
    }

    /// Reads the result of `document`; nil when the bytes are damaged.
    init?(_ document: Document, tenant: TenantName?) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let id = json["id"]?.stringValue, let owner = json["owner"].flatMap(Party.init),
            let body = json["body"]?.objectValue, let context = json["context"],
            let status = json["status"]?.stringValue.flatMap(Status.init)
        else { return nil }
        func time(_ member: String) -> Timestamp? {
            json[member]?.stringValue.flatMap { Timestamp($0) }
        }
        guard let createdAt = time("createdAt"), let expiresAt = time("expiresAt") else {
            return nil
        }
        key = Key(tenant: tenant, owner: owner, id: id)
        standing = Standing(json)
        purpose = json["purpose"]?.stringValue.map { Purpose($0) }
        file = document.id
        self.body = body
        self.context = context
        self.status = status
        queryResults = QueryResult.read(json["queryResults"])
        temporalQueryResults = QueryResult.read(json["temporalQueryResults"])
        self.createdAt = createdAt
        modifiedAt = time("modifiedAt") ?? createdAt
        self.expiresAt = expiresAt
        lastUsedAt = time("lastUsedAt") ?? createdAt
        failedNotices = json["failedNotices"]?.numberValue?.intValue
    }
}

extension QueryResult {
    fileprivate var document: JSONValue {
        guard let error else { return .bool(hasFound) }
        return ["code": .string("\(error.code)"), "detail": .string(error.detail)]
    }

    fileprivate static func read(_ value: JSONValue?) -> [QueryResult] {
        (value?.arrayValue ?? []).map { value in
            guard let json = value.objectValue else {
                return QueryResult(hasFound: value.boolValue ?? false)
            }
            let code = BrokerError.Code.allCases.first {
                "\($0)" == json["code"]?.stringValue ?? ""
            }
            let detail = json["detail"]?.stringValue ?? ""
            return QueryResult(
                hasFound: false,
                error: BrokerError(code ?? .internalError, detail)
            )
        }
    }
}
