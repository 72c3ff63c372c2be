package import ContextModel
package import Governance
package import Storage

/// A stored subscription: the members that its owner wrote, its owner, and the counts of its
/// notifications.
package struct SubscriptionRecord: Sendable, Equatable {
    package let kind: SubscriptionKind
    package let id: String
    /// The key under which it is stored.
    package private(set) var key: String
    package let owner: Party
    /// The roles and the person of whoever wrote it last.
    package var standing: Standing
    package var purpose: Purpose?
    /// The `@context` for its names.
    package var context: JSONValue
    /// The `@context` for its queries, if an update was written with another one.
    package var queryContext: JSONValue?
    /// The members as written, without `@context` and the members that only the hub writes.
    package var body: JSONObject
    package let createdAt: Timestamp
    package var modifiedAt: Timestamp
    package var delivery: DeliveryCounts
    /// The URL at which the receiver finds the `@context`, when the owner's has no single URL.
    package var contextURL: String?

    package init(
        kind: SubscriptionKind = .entities,
        id: String,
        owner: Party,
        standing: Standing = Standing(),
        purpose: Purpose?,
        context: JSONValue,
        body: JSONObject,
        createdAt: Timestamp
    ) {
        self.kind = kind
        self.id = id
        key = owner.subscriptionKey(id)
        self.owner = owner
        self.standing = standing
        self.purpose = purpose
        self.context = context
        self.body = body
        self.createdAt = createdAt
        modifiedAt = createdAt
        delivery = DeliveryCounts()
    }

    /// The caller whose rights decide its notifications.
    package func subscriber(_ tenant: TenantName?) -> Caller {
        Caller(party: owner, standing: standing, purpose: purpose, tenant: tenant)
    }
}

/// The counts of a subscription's notifications (clause 5.2.14.2).
package struct DeliveryCounts: Sendable, Equatable {
    package var timesSent = 0
    package var timesFailed = 0
    package var lastNotification: Timestamp?
    package var lastSuccess: Timestamp?
    package var lastFailure: Timestamp?
    /// The reason of the last failure, in a sentence; not a member of the standard.
    package var lastFailureReason: String?

    package init() {}

    /// Whether these counts are later than others of the same subscription: counts only grow.
    func areLater(than other: DeliveryCounts) -> Bool {
        let never = Timestamp(microseconds: .min)
        return (timesSent, lastNotification ?? never)
            > (other.timesSent, other.lastNotification ?? never)
    }

    /// The `status` of the notification; nil while none was sent.
    package var status: String? {
        guard lastNotification != nil else { return nil }
        switch (lastSuccess, lastFailure) {
        case (let success?, let failure?): return success >= failure ? "ok" : "failed"
        case (_, _?): return "failed"
        default: return "ok"
        }
    }

    /// Counts a notification, and a failed one, once; a retry changes the times alone.
    ///
    /// One that was withheld was not sent, and does not count.
    package mutating func count(_ result: DeliveryResult, isRetry: Bool, at now: Timestamp) {
        guard result != .withheld else { return }
        if !isRetry { timesSent += 1 }
        lastNotification = now
        switch result {
        case .delivered:
            lastSuccess = now
        case .failed(let reason):
            if !isRetry { timesFailed += 1 }
            lastFailure = now
            lastFailureReason = reason
        case .withheld: break
        }
    }
}

extension DeliveryCounts {
    /// Writes the counts into a stored document.
    func write(to json: inout JSONObject) {
        json["timesSent"] = .number(JSONNumber(timesSent))
        json["timesFailed"] = .number(JSONNumber(timesFailed))
        writeMoments(to: &json)
    }

    /// Reads the result of `write`.
    init(_ json: JSONObject) {
        func time(_ name: String) -> Timestamp? {
            json[name]?.stringValue.flatMap { Timestamp($0) }
        }
        timesSent = json["timesSent"]?.numberValue?.intValue ?? 0
        timesFailed = json["timesFailed"]?.numberValue?.intValue ?? 0
        lastNotification = time("lastNotification")
        lastSuccess = time("lastSuccess")
        lastFailure = time("lastFailure")
        lastFailureReason = json["lastFailureReason"]?.stringValue
    }

    /// Adds the members that callers see, if any notification was sent.
    func show(in json: inout JSONObject) {
        guard let status else { return }
        json["status"] = .string(status)
        json["timesSent"] = .number(JSONNumber(timesSent))
        if timesFailed > 0 { json["timesFailed"] = .number(JSONNumber(timesFailed)) }
        writeMoments(to: &json)
    }

    private func writeMoments(to json: inout JSONObject) {
        json["lastNotification"] = lastNotification.map { .string($0.text) }
        json["lastSuccess"] = lastSuccess.map { .string($0.text) }
        json["lastFailure"] = lastFailure.map { .string($0.text) }
        json["lastFailureReason"] = lastFailureReason.map { .string($0) }
    }
}

// MARK: - Keys

extension Party {
    /// The key of a subscription of this owner.
    ///
    /// Each owner has its own identifiers, so that a refused identifier tells nothing about
    /// others' subscriptions. The separator is a blank, which is in no URI.
    func subscriptionKey(_ id: String) -> String {
        switch self {
        case .operator: id
        case .anonymous: "\(id) anonymous"
        case .named(let party):
            // Recipients in the outbox are separated by line breaks, which a name may have; it may
            // also begin with marks that combine with the character before them.
            "\(id) named \(Hexadecimal.text(of: party.text.utf8))"
        case .service(let name): "\(id) service \(name.text)"
        }
    }

    /// The owner for lists of documents, different for any two parties.
    var ownerOfDocuments: String { subscriptionKey("") }

    /// Reads the result of `subscriptionKey`.
    init(ofSubscriptionKey key: String) {
        let parts = key.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        switch (parts.dropFirst().first, parts.count) {
        case ("anonymous", 2): self = .anonymous
        case ("named", 3):
            let name = Hexadecimal.bytes(of: parts[2]) ?? []
            self = .named(PartyID(String(decoding: name, as: UTF8.self)))
        case ("service", 3):
            self = ServiceName(String(parts[2])).map(Party.service) ?? .anonymous
        default: self = .operator
        }
    }
}

extension SubscriptionRecord {
    /// The identifier that the owner gave to the subscription.
    static func id(ofKey key: String) -> String { String(key.prefix { $0 != " " }) }
}

// MARK: - As a document

extension SubscriptionRecord {
    package var document: Document {
        var json: JSONObject = ["owner": owner.json, "context": context, "body": .object(body)]
        standing.write(to: &json)
        json["purpose"] = purpose.map { .string($0.text) }
        json["createdAt"] = .string(createdAt.text)
        json["modifiedAt"] = .string(modifiedAt.text)
        json["queryContext"] = queryContext
        json["contextURL"] = contextURL.map { .string($0) }
        delivery.write(to: &json)
        return Document(
            kind: kind.documentKind,
            id: key,
            body: JSONValue.object(json).serialized,
            owner: owner.ownerOfDocuments
        )
    }

    /// Reads the result of `document`; nil when the bytes are damaged.
    package init?(_ document: Document) {
        guard let kind = SubscriptionKind(document.kind),
            let json = try? JSONReader.read(document.body).objectValue,
            let owner = json["owner"].flatMap(Party.init), let context = json["context"],
            let body = json["body"]?.objectValue,
            let createdAt = json["createdAt"]?.stringValue.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(
            kind: kind,
            id: Self.id(ofKey: document.id),
            owner: owner,
            standing: Standing(json),
            purpose: json["purpose"]?.stringValue.map { Purpose($0) },
            context: context,
            body: body,
            createdAt: createdAt
        )
        key = document.id
        modifiedAt = json["modifiedAt"]?.stringValue.flatMap { Timestamp($0) } ?? createdAt
        queryContext = json["queryContext"]
        contextURL = json["contextURL"]?.stringValue
        delivery = DeliveryCounts(json)
    }
}

// MARK: - In answers

extension SubscriptionRecord {
    /// The subscription as its owner sees it (clause 5.2.12), with names compacted by `ld`.
    ///
    /// `original` is the `@context` with which it was written.
    package func shown(
        original: LDContext,
        ld: LDContext,
        sysAttrs: Bool,
        now: Timestamp
    ) -> JSONObject {
        var json: JSONObject = ["id": .string(id), "type": "Subscription"]
        for member in body.members where !["id", "@id", "type", "@type"].contains(member.key) {
            json.members.append(member)
        }
        if original !== ld { json.rename { ld.compact(original.expand($0)) } }
        let isActive = body["isActive"]?.boolValue ?? true
        let expiry = body["expiresAt"]?.stringValue.flatMap { Timestamp($0) }
        if kind == .entities, body["notificationTrigger"] == nil, body["timeInterval"] == nil {
            let triggers = Subscription.Trigger.standard.map { JSONValue.string($0.rawValue) }
            json["notificationTrigger"] = .array(triggers)
        }
        if kind == .entities, body["jsonldContext"] == nil {
            // The default when the owner names none (clause 5.2.12).
            json["jsonldContext"] = .string(original.url ?? contextURL ?? CoreContext.url)
        }
        json["status"] = .string(
            expiry.map { $0 <= now } ?? false ? "expired" : isActive ? "active" : "paused"
        )
        json["notification"] = json["notification"].map { .object(delivered($0)) }
        if sysAttrs {
            json["createdAt"] = .string(createdAt.text)
            json["modifiedAt"] = .string(modifiedAt.text)
        }
        return json
    }

    /// `notification` with the members of clause 5.2.14.2.
    private func delivered(_ notification: JSONValue) -> JSONObject {
        var json = notification.objectValue ?? JSONObject()
        delivery.show(in: &json)
        return json
    }
}

extension JSONObject {
    /// Renames the names in a subscription's body.
    ///
    /// Queries stay as written.
    mutating func rename(_ name: (String) -> String) {
        rename(namesIn: "watchedAttributes", name)
        if var notification = self["notification"]?.objectValue {
            for member in ["attributes", "pick", "omit"] {
                notification.rename(namesIn: member) {
                    Projection.entityMembers.contains($0) ? $0 : name($0)
                }
            }
            self["notification"] = .object(notification)
        }
        if var geoQ = self["geoQ"]?.objectValue, let property = geoQ["geoproperty"]?.stringValue {
            geoQ["geoproperty"] = .string(name(property))
            self["geoQ"] = .object(geoQ)
        }
        self["entities"] = self["entities"]?.arrayValue.map { selectors in
            .array(selectors.map { Self.renamed($0, name) })
        }
    }

    private mutating func rename(namesIn member: String, _ name: (String) -> String) {
        guard let names = self[member]?.arrayValue else { return }
        self[member] = .array(names.map { $0.stringValue.map { .string(name($0)) } ?? $0 })
    }

    /// A selector with the types of its type expression renamed; operators stay.
    private static func renamed(_ selector: JSONValue, _ name: (String) -> String) -> JSONValue {
        guard var object = selector.objectValue, let type = object["type"]?.stringValue,
            type != "*"
        else { return selector }
        var text = ""
        var term = ""
        for character in type + ";" {
            guard "(),;|".contains(character) else {
                term.append(character)
                continue
            }
            if !term.isEmpty { text += name(term) }
            term = ""
            text.append(character)
        }
        object["type"] = .string(String(text.dropLast()))
        return .object(object)
    }
}
