package import ContextModel
package import Record

/// How a hub stands with this one.
package enum MemberStanding: String, Sendable, Hashable, CaseIterable {
    /// It has described itself, and nobody here has decided yet.
    case known
    /// Its requests are taken as its own, and it is asked.
    case admitted
    /// It was admitted, and is not any more until somebody decides again.
    case suspended
}

/// A hub as this one knows it.
package struct Membership: Sendable, Hashable {
    package var dossier: MemberDossier
    package var standing: MemberStanding
    /// When its standing was decided, or when it was first heard of.
    package var since: Timestamp
    /// Why it stands so; nil where nobody has said.
    package var reason: String?
    /// What was found out about its record; nil where nothing was, or an administrator has settled it.
    package var finding: RecordFinding?

    package init(
        _ dossier: MemberDossier,
        _ standing: MemberStanding,
        since: Timestamp,
        reason: String? = nil,
        finding: RecordFinding? = nil
    ) {
        self.dossier = dossier
        self.standing = standing
        self.since = since
        self.reason = reason
        self.finding = finding
    }

    package var id: MemberID { dossier.id }

    /// Whether what it signs counts.
    package var counts: Bool { standing == .admitted && !dossier.newest.hasLeft }

    /// As anybody may know it.
    package var json: JSONObject {
        var json = dossier.newest.json
        json["standing"] = .string(standing.rawValue)
        json["since"] = .string(since.text)
        json["reason"] = reason.map { .string($0) }
        json["descriptions"] = .array(dossier.texts.map { .string($0) })
        return json
    }
}

/// The hubs that this one knows, by their names and addresses: a value, made anew when anything changes.
package struct NetworkDirectory: Sendable {
    package private(set) var members: [MemberID: Membership] = [:]
    private var byOrigin: [String: MemberID] = [:]
    /// Keys by which nothing is signed any more until their suspension ends, as in `keyid`.
    private var suspendedKeys: Set<String> = []

    package init(_ memberships: [Membership] = []) {
        for membership in memberships.sorted(by: { $0.id < $1.id }) {
            members[membership.id] = membership
            guard membership.counts else { continue }
            let origin = membership.dossier.newest.address.lowercased()
            // Of two that say they are at one address, the first by its name counts: neither can sign for the other.
            if byOrigin[origin] == nil { byOrigin[origin] = membership.id }
        }
    }

    /// The admitted member that a request is to be taken as from.
    ///
    /// Throws `SignatureError` unless one of its keys, in force now, has made the signature for this request.
    package func verify(
        _ signature: HubSignature,
        of request: SignableRequest,
        at now: Timestamp
    ) throws(SignatureError) -> Membership {
        try signature.requireTimely(at: now)
        guard let member = members[signature.member], member.counts,
            let publicKey = member.dossier.newest.key(signature.keyID, at: now),
            !isSuspended(publicKey, of: member.id), let key = publicKey.key
        else {
            throw SignatureError(
                .stranger,
                "The hub that signed is not admitted here, or its key does not count now."
            )
        }
        try signature.verify(request, by: key)
        return member
    }

    /// The admitted member at whose address the endpoint is; nil where there is none.
    package func member(at endpoint: String) -> Membership? {
        let endpoint = endpoint.lowercased()
        let end = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        return byOrigin[end].flatMap { members[$0] }
    }

    func isSuspended(_ key: PublicMemberKey, of member: MemberID) -> Bool {
        suspendedKeys.contains(member.text + "#" + key.id)
    }

    /// The directory while these suspensions are in force.
    package func suspending(_ suspensions: [Suspension]) -> NetworkDirectory {
        var directory = self
        for suspension in suspensions {
            let hub = suspension.subject.hub
            switch suspension.subject.kind {
            case .subscription: continue
            case .key: directory.suspendedKeys.insert(hub.text + "#" + suspension.subject.id)
            case .member:
                guard var member = members[hub], member.standing == .admitted else { continue }
                member.standing = .suspended
                member.since = suspension.from
                member.reason = suspension.reason
                directory.members[hub] = member
                directory.byOrigin = directory.byOrigin.filter { $0.value != hub }
            }
        }
        return directory
    }
}

// MARK: - Findings

extension RecordFinding {
    /// As a hub keeps it, and tells it to anybody.
    package var json: JSONObject {
        [
            "kind": .string(kind.rawValue), "noticed": .string(noticed.text),
            "evidence": .array(evidence.map { .string($0.text) }),
        ]
    }

    /// Reads what `json` writes; nil for anything else.
    package init?(_ json: JSONValue?) {
        guard let object = json?.objectValue,
            let kind = object["kind"]?.stringValue.flatMap({ Kind(rawValue: $0) }),
            let noticed = object["noticed"]?.stringValue.flatMap({ Timestamp(dateTime: $0) })
        else { return nil }
        let evidence = (object["evidence"]?.arrayValue ?? []).compactMap(\.stringValue)
            .compactMap { try? SignedCheckpoint($0) }
        guard evidence.count == 2 else { return nil }
        self.init(kind, evidence, noticed: noticed)
    }
}
