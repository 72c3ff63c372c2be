package import ContextModel
package import Governance
import Storage

extension Governing {
    /// What a policy would change if it were put into force now, or in the place of the one with its `uid`:
    /// who could newly do what, or no longer, each with an example.
    ///
    /// Nothing is changed. Not part of the standard.
    package func previewPolicy(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> JSONObject {
        try access.requireAdministration(caller)
        _ = try await access.existingStore(caller.tenant)
        let policy = try await policy(body, ld, of: caller.tenant)
        return try await preview(policy.id, policy, ld, caller)
    }

    /// What would change if the policy were put out of force now.
    package func previewDeletion(
        of id: String,
        ld: LDContext,
        caller: Caller
    ) async throws -> JSONObject {
        try access.requireAdministration(caller)
        return try await preview(id, nil, ld, caller)
    }

    private func preview(
        _ id: String,
        _ policy: DataPolicy?,
        _ ld: LDContext,
        _ caller: Caller
    ) async throws -> JSONObject {
        let store = try await access.existingStore(caller.tenant)
        try await tenants.require(caller.tenant)
        let kept = try await store.documents(.dataPolicy).compactMap { DataPolicy($0) }
        let others = kept.filter { $0.id != id }
        let isKnown = others.count < kept.count
        guard policy != nil || isKnown else { throw BrokerError.unknownPolicy(id) }
        let current = rules.rules(of: caller.tenant) ?? TenantRules()
        func made(_ policies: [DataPolicy]) -> TenantRules {
            TenantRules(
                classification: current.classification,
                policies: policies,
                choices: current.choices
            )
        }
        let difference = PolicyDifference(
            from: made(kept),
            to: made(others + [policy].compactMap { $0 }),
            under: rules.common,
            at: clock()
        )
        return try await tell(
            difference,
            of: [
                "policy": .string(id),
                "change": policy == nil ? "deleted" : isKnown ? "replaced" : "new",
            ],
            store,
            ld,
            caller
        )
    }

    /// What other rules for all tenants would change if they were put into force now, in the caller's
    /// tenant.
    package func previewCommonRules(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> JSONObject {
        try access.requireAdministration(caller)
        let new = try commonRules(body, ld).0
        let store = try await access.existingStore(caller.tenant)
        try await tenants.require(caller.tenant)
        let current = rules.rules(of: caller.tenant) ?? TenantRules()
        let difference = PolicyDifference(
            from: current.with(rules.kept ?? CommonRules()),
            to: current.with(new),
            under: rules.base,
            at: clock()
        )
        return try await tell(difference, of: ["change": "replaced"], store, ld, caller)
    }

    /// What another classification would change if it were put into force now: who could newly read what,
    /// or no longer.
    package func previewClassification(
        _ body: JSONValue,
        ld: LDContext,
        caller: Caller
    ) async throws -> JSONObject {
        try access.requireAdministration(caller)
        let new = try classification(body, ld)
        let store = try await access.existingStore(caller.tenant)
        try await tenants.require(caller.tenant)
        let difference = PolicyDifference(
            reclassifying: rules.rules(of: caller.tenant) ?? TenantRules(),
            as: new,
            under: rules.common,
            at: clock()
        )
        return try await tell(difference, of: ["change": "classification"], store, ld, caller)
    }

    /// What a preview says: the difference, with examples.
    func tell(
        _ difference: PolicyDifference,
        of change: JSONObject,
        _ store: any TenantStore,
        _ ld: LDContext,
        _ caller: Caller
    ) async throws -> JSONObject {
        var told: [JSONValue] = []
        let rows = PreviewRow.rows(of: difference, ld)
        for (index, row) in rows.enumerated() {
            var json = row.json
            if index < Self.maximumExamples {
                json["example"] = try await example(of: row, store, ld, caller)
            }
            told.append(.object(json))
        }
        var json = change
        json["isComplete"] = .bool(difference.isComplete)
        json["differences"] = .array(told)
        return json
    }

    /// Differences that get an example, each of which is a question to the store.
    package static let maximumExamples = 50

    /// An entity in question, by its identifier and the names of its attributes, where the caller may see
    /// one itself; otherwise how many there are, roughly.
    private func example(
        of row: PreviewRow,
        _ store: any TenantStore,
        _ ld: LDContext,
        _ caller: Caller
    ) async throws -> JSONValue {
        let query = EntityQuery(condition: row.entry.entities, limit: 1)
        let page = try await reading.queryEntities(query, caller: caller).page
        if let entity = try page.entities.first?.value() {
            return [
                "id": .string(entity.id.uri),
                "type": .array(entity.types.map { .string(ld.compact($0)) }),
                "attributes": .array(
                    Set(entity.attributes.map { ld.compact($0.name) }).sorted().map { .string($0) }
                ),
            ]
        }
        let counting = EntityQuery(condition: .everything, limit: 0, wantsCount: true)
        let record = SessionRecord(access.recorder, of: caller)
        let session = ReadSession(store, row.entry.countGrant, record)
        guard let count = try await session.entities(counting).count, count > 0 else {
            return .null
        }
        return [
            "what": .array(row.what.map { .string($0) }), "count": .string(Self.roughly(count)),
        ]
    }

    /// A number of entities, told so roughly that one more or less mostly says nothing.
    private static func roughly(_ count: Int) -> String {
        switch count {
        case ..<10: "fewer than 10"
        case ..<100: "10 to 99"
        case ..<1_000: "100 to 999"
        default: "1,000 or more"
        }
    }
}

/// Differences that are told together: they differ in their parties, purposes, actions or times alone.
private struct PreviewRow {
    private struct Key: Hashable {
        var effect: PolicyDifference.Effect
        var roles: [String]
        var what: [String]
        var attributes: [String]
        var policies: [String]
        var actions: Set<String>
        var parties: Set<String>
        var purposes: Set<String>
        var from: Timestamp?
        var until: Timestamp?
    }

    private var key: Key
    /// One of them.
    let entry: PolicyDifference.Entry

    var what: [String] { key.what }

    private init(_ entry: PolicyDifference.Entry, _ ld: LDContext) {
        self.entry = entry
        let cell = entry.cell
        key = Key(
            effect: entry.effect,
            roles: (cell.roles.contains(.admin) ? ["admin"] : []) + cell.otherRoles.sorted(),
            what: entry.targets.map { $0.words { ld.compact($0) } },
            attributes: entry.attributes.map { ld.compact($0) }.sorted(),
            policies: entry.policies.sorted(),
            actions: [entry.action.word],
            parties: [cell.party.word],
            purposes: [cell.purpose.map { $0.isKnown ? $0.text : "unknown" } ?? "none"],
            from: cell.time.from,
            until: cell.time.until
        )
    }

    static func rows(of difference: PolicyDifference, _ ld: LDContext) -> [PreviewRow] {
        let rows = difference.entries.map { PreviewRow($0, ld) }
        return joined(joined(joined(inTime(rows), \.actions), \.purposes), \.parties)
    }

    /// Rows that are alike but for what the path leads to become one.
    private static func joined(
        _ rows: [PreviewRow],
        _ path: WritableKeyPath<Key, Set<String>>
    ) -> [PreviewRow] {
        var places: [Key: Int] = [:]
        var found: [PreviewRow] = []
        for row in rows {
            var rest = row.key
            rest[keyPath: path] = []
            if let place = places[rest] {
                found[place].key[keyPath: path].formUnion(row.key[keyPath: path])
            } else {
                places[rest] = found.count
                found.append(row)
            }
        }
        return found
    }

    /// Rows that are alike but for times that follow each other become one.
    private static func inTime(_ rows: [PreviewRow]) -> [PreviewRow] {
        var places: [Key: Int] = [:]
        var found: [PreviewRow] = []
        for row in rows {
            var rest = row.key
            (rest.from, rest.until) = (nil, nil)
            if let place = places[rest], found[place].key.until == row.key.from {
                found[place].key.until = row.key.until
            } else {
                places[rest] = found.count
                found.append(row)
            }
        }
        return found
    }

    var json: JSONObject {
        func list(_ texts: some Sequence<String>) -> JSONValue { .array(texts.map { .string($0) }) }
        var json: JSONObject = [
            "effect": key.effect == .gains ? "gains" : "loses",
            "actions": list(key.actions.sorted()),
            "parties": list(key.parties.sorted()), "purposes": list(key.purposes.sorted()),
            "what": list(key.what),
        ]
        if !key.roles.isEmpty { json["roles"] = list(key.roles) }
        if !key.attributes.isEmpty { json["attributes"] = list(key.attributes) }
        if let from = key.from { json["from"] = .string(from.text) }
        if let until = key.until { json["until"] = .string(until.text) }
        json["policies"] = list(key.policies)
        return json
    }
}

extension Action {
    /// The word for it in previews.
    fileprivate var word: String {
        switch self {
        case .read: "read"
        case .write: "write"
        case .subscribe: "subscribe"
        case .aggregate: "aggregate"
        case .measure: "measure"
        }
    }
}

extension Party {
    /// The word for it in previews: a URI, or what stands for many.
    fileprivate var word: String {
        switch self {
        case .anonymous: "anonymous"
        case .operator: "operator"
        case .named(PolicyDifference.otherParty): "any other party"
        case .named(let party): party.uri
        case .service(let name): "service:" + name.text
        }
    }
}
