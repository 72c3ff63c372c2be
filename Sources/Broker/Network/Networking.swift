import Borders
import ContextModel
package import Governance
import Logging
package import HubNetwork
import Record
import Storage
import Synchronization

/// The part of a hub that knows the other hubs of its network: who they are, how they stand, and what they sign.
///
/// Each operation is a method in a file of its own. They are not part of the standard.
package final class Networking: Sendable {
    /// Hubs that are known at most, those that nobody has decided about among them.
    package static let maximumMembers = 1_000
    /// Hubs that nobody has decided about, at most: anybody may describe a hub.
    package static let maximumUndecided = 200

    let access: Access
    let clock: HubClock
    let borders: BorderRuleTable
    /// By which the hub is known in `Via`.
    let identity: HubIdentity
    private let subscriptions: SubscriptionRegistry
    private let makeIdentifier: @Sendable () -> String
    let logger: Logger
    private let following: DocumentFollower
    private let isShared: Bool
    private let nonces: UsedNonces
    private let known = Mutex(NetworkDirectory())
    private let lastHeard = Mutex<[MemberID: HeardMember]>([:])
    private let exemptions = Mutex<[String: Exemption]>([:])
    private let suspensions = Mutex<[ReportedSubject: Suspension]>([:])
    /// What this hub signs with, and says of itself; nil where it is in no network.
    private let own = Mutex<OwnMembership?>(nil)
    /// What follows the records of members; nil where nothing does.
    private let recordDesk = Mutex<WitnessDesk?>(nil)

    init(
        _ access: Access,
        _ borders: BorderRuleTable,
        _ identity: HubIdentity,
        _ subscriptions: SubscriptionRegistry,
        _ clock: HubClock,
        _ makeIdentifier: @escaping @Sendable () -> String,
        _ logger: Logger
    ) {
        self.access = access
        self.borders = borders
        self.identity = identity
        self.subscriptions = subscriptions
        self.clock = clock
        self.makeIdentifier = makeIdentifier
        self.logger = logger
        following = DocumentFollower(access.store, [.member, .exemption, .suspension])
        isShared = access.store.isShared
        nonces = UsedNonces(at: clock())
    }

    /// This hub's name in the network; nil where it is in none.
    package var ownID: MemberID? { own.withLock { $0?.id } }

    /// The other members that count, by their names, with their addresses.
    package func others() async throws -> [(id: MemberID, address: String)] {
        let (directory, own) = (try await directory(), ownID)
        return directory.members.values.filter { $0.counts && $0.id != own }
            .map { ($0.id, $0.dossier.newest.address) }.sorted { $0.id < $1.id }
    }

    /// How members answered when they were last asked what they know.
    package var heard: [MemberID: HeardMember] { lastHeard.withLock(\.self) }

    package func note(_ heard: HeardMember, of member: MemberID) {
        lastHeard.withLock { $0[member] = heard }
    }

    // MARK: Requests between hubs

    /// Whose request it is, by its signature; nil where it has none of a hub.
    ///
    /// The caller may do what the hub that signed may, and each hub that it came through, and nobody in particular where
    /// nobody has asked. Throws `unauthenticated` for a signature that is worth nothing, and the store's errors.
    package func caller(of request: SignableRequest) async throws -> Caller? {
        let now = clock()
        do {
            guard let signature = try HubSignature(of: request) else { return nil }
            let directory = try await directory()
            try requireOwnAddress(of: request, in: directory)
            let member = try directory.verify(signature, of: request, at: now)
            try nonces.use(signature, of: member.id, at: now)
            var caller = Caller(of: member, signature.requester, in: directory)
            let purpose = request.value(of: "data-purpose").map { Purpose($0).text }
            caller.barred = barred(from: member, signature.requester, purpose, directory, at: now)
            return caller
        } catch let error as SignatureError {
            throw BrokerError(.unauthenticated, error.description)
        }
    }

    /// Throws unless the request was sent to this hub: what was signed for another one is worth nothing here.
    private func requireOwnAddress(
        of request: SignableRequest,
        in directory: NetworkDirectory
    ) throws(SignatureError) {
        let address = ownID.flatMap { directory.members[$0]?.dossier.newest.address }
        let own = address.flatMap { SignableRequest(method: "GET", url: $0) }
        guard let own, request.authority == own.authority else {
            throw SignatureError(
                .wrong,
                "The request was signed for \(request.authority), and not for this hub."
            )
        }
    }

    /// Signs requests of the caller to the endpoint; nil where no admitted member is there, or this hub is in no network.
    package func signer(for caller: Caller, to endpoint: String) async throws -> RequestSigner? {
        guard let own = own.withLock({ $0 }),
            let member = try await directory().member(at: endpoint), member.id != own.id
        else { return nil }
        var through = caller.hubs.compactMap { MemberID($0) }
        if caller.isHub, let last = caller.party.id.flatMap({ MemberID($0.uri) }) {
            through.append(last)
        }
        // Where anybody on the way may do no more than nobody in particular, that is said to the next hub, too.
        let asker =
            caller.principals.contains(.anonymous)
            ? nil : caller.asker ?? caller.party.id?.text
        return RequestSigner(
            own.id,
            own.key,
            Requester(party: asker, through: through),
            nonce: makeIdentifier,
            clock: { [clock] in clock() }
        )
    }

    // MARK: What is known

    /// The hubs that are known, as they stand now.
    ///
    /// Throws the store's errors.
    func directory() async throws -> NetworkDirectory {
        let directory = try await decidedDirectory()
        let now = clock()
        let inForce = suspensions.withLock { $0.values.filter { $0.isInForce(at: now) } }
        return inForce.isEmpty ? directory : directory.suspending(inForce)
    }

    /// The hubs that are known, as administrators have decided about them.
    func decidedDirectory() async throws -> NetworkDirectory {
        if isShared || !following.isUpToDate(with: nil) { try await catchUp() }
        return known.withLock { $0 }
    }

    /// What is suspended, and what was.
    func keptSuspensions() async throws -> [ReportedSubject: Suspension] {
        if isShared || !following.isUpToDate(with: nil) { try await catchUp() }
        return suspensions.withLock { $0 }
    }

    func catchUp(own: OwnChanges? = nil) async throws {
        try await following.catchUp(with: nil, own: own) { [self] news in
            let memberships: [Membership]
            switch news {
            case .all(let documents):
                memberships = documents.filter { $0.kind == .member }.compactMap(read)
                let kept = documents.filter { $0.kind == .exemption }
                exemptions.withLock { $0 = [:] }
                for document in kept { take(document, document.id) }
                let suspended = documents.compactMap { Suspension($0) }
                suspensions.withLock { suspensions in
                    suspensions = Dictionary(suspended.map { ($0.subject, $0) }) { $1 }
                }
            case .changes(let changes):
                var members = known.withLock(\.members)
                for change in changes {
                    if change.kind == .exemption { take(change.document, change.id) }
                    if change.kind == .suspension { take(suspension: change) }
                    guard change.kind == .member, let id = MemberID(change.id) else { continue }
                    members[id] = change.document.flatMap(read)
                }
                memberships = Array(members.values)
            }
            let directory = NetworkDirectory(memberships)
            known.withLock { $0 = directory }
            subscriptions.replace(suspended: suspendedSubscriptions)
            await followRecords(of: directory)
        }
    }

    private func take(_ document: Document?, _ exemption: String) {
        let kept = document.flatMap { KeptExemption($0) }
        exemptions.withLock { $0[exemption] = kept?.exemption }
    }

    /// When the suspension of each subscription ends.
    private var suspendedSubscriptions: [String: Timestamp] {
        let suspended = suspensions.withLock { kept in
            kept.values.filter { $0.subject.kind == .subscription && $0.ended == nil }
        }
        return Dictionary(suspended.map { ($0.subject.id, $0.until) }) { max($0, $1) }
    }

    private func take(suspension change: ChangeFeedPage.Change) {
        let new = change.document.flatMap { Suspension($0) }
        suspensions.withLock { suspensions in
            suspensions = suspensions.filter { $0.key.name != change.id }
            if let new { suspensions[new.subject] = new }
        }
    }

    /// The exemptions of the pilot space, those that are over among them.
    var keptExemptions: [Exemption] { exemptions.withLock { Array($0.values) } }

    func take(_ membership: OwnMembership) { own.withLock { $0 = membership } }

    func take(_ desk: WitnessDesk) { recordDesk.withLock { $0 = desk } }

    var desk: WitnessDesk? { recordDesk.withLock { $0 } }

    /// What this hub signs with; throws where it is in no network.
    func requireOwn() throws(BrokerError) -> OwnMembership {
        guard let own = own.withLock({ $0 }) else {
            throw BrokerError(
                .operationNotSupported,
                "This hub is in no network: its configuration has no network.state, or no publicURL."
            )
        }
        return own
    }

    /// Nil, with a message in the log, when it is damaged; then it does not count.
    private func read(_ document: Document) -> Membership? {
        let kept = Membership(document)
        if kept == nil { logger.error("The member '\(document.id)' is damaged.") }
        return kept
    }
}

/// How a member answered when it was last asked what it knows.
package struct HeardMember: Sendable, Hashable {
    package var milliseconds: Int
    /// Why it is not heard; nil where it is.
    package var problem: String?

    package init(
        milliseconds: Int,
        problem: String? = nil
    ) {
        self.milliseconds = milliseconds
        self.problem = problem
    }
}

/// What a hub has of itself in the network: its key, and its name there.
package struct OwnMembership: Sendable {
    let key: MemberKey
    let id: MemberID
}

extension Caller {
    /// Who asks by the request of a member.
    fileprivate init(of member: Membership, _ requester: Requester, in directory: NetworkDirectory)
    {
        self.init(party: .named(PartyID(member.id.text)))
        otherRoles = [Caller.hubRole]
        asker = requester.party
        hubs = requester.through.map(\.text)
        principals = requester.through.map { hub in
            // Who is no member here may do what anybody may.
            directory.members[hub]?.counts == true ? .named(PartyID(hub.text)) : .anonymous
        }
        if requester.party == nil { principals.append(.anonymous) }
    }
}

// MARK: - In the store

extension Membership {
    var document: Document {
        var body: JSONObject = [
            "descriptions": .array(dossier.texts.map { .string($0) }),
            "standing": .string(standing.rawValue), "since": .string(since.text),
        ]
        body["reason"] = reason.map { .string($0) }
        body["finding"] = (finding?.json).map { .object($0) }
        return Document(kind: .member, id: id.text, body: JSONValue.object(body).serialized)
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let texts = json["descriptions"]?.arrayValue?.compactMap(\.stringValue),
            let dossier = try? MemberDossier(texts), dossier.id.text == document.id,
            let standing = json["standing"]?.stringValue.flatMap({ MemberStanding(rawValue: $0) }),
            let since = json["since"]?.stringValue.flatMap({ Timestamp(dateTime: $0) })
        else { return nil }
        self.init(
            dossier,
            standing,
            since: since,
            reason: json["reason"]?.stringValue,
            finding: RecordFinding(json["finding"])
        )
    }
}
