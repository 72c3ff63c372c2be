package import ContextModel
package import HubNetwork
import Storage

extension Networking {
    /// All hubs that are known, which anybody may know, by their names.
    package func members() async throws -> [JSONValue] {
        let (directory, own) = (try await directory(), ownID)
        return directory.members.values.sorted { $0.id < $1.id }
            .map { .object(json(of: $0, own: own)) }
    }

    private func json(of member: Membership, own: MemberID?) -> JSONObject {
        var json = member.json
        if member.id == own { json["standing"] = "own" }
        json["record"] = (record(of: member)?.json).map { .object($0) }
        return json
    }

    /// A hub that is known.
    package func member(_ id: String) async throws -> JSONObject {
        guard let id = MemberID(id), let member = try await directory().members[id] else {
            throw BrokerError.unknownMember(id)
        }
        return json(of: member, own: ownID)
    }

    /// Whether the hub is another one that is known, and that nobody has decided about.
    package func isUndecided(_ id: MemberID) async throws -> Bool {
        guard id != ownID else { return false }
        return try await directory().members[id]?.standing == .known
    }

    /// Takes what hubs say of themselves: each is a list of signed descriptions, the oldest first.
    ///
    /// A hub that was not known is known then, and nothing else: an administrator decides whether it is admitted. What is
    /// not signed as it must be is not taken; a member that has said two things with one number is suspended. Returns how
    /// many were new or said something new; throws `MemberError` for the first that was not taken, when others were.
    @discardableResult
    package func receive(_ dossiers: [[String]]) async throws -> Int {
        var (new, failure): (Int, MemberError?) = (0, nil)
        let known = Set(try await directory().members.values.map(\.dossier.texts))
        for texts in dossiers.prefix(Self.maximumMembers) where !known.contains(texts) {
            let dossier: MemberDossier
            do throws(MemberError) { dossier = try MemberDossier(texts) } catch {
                failure = failure ?? error
                continue
            }
            switch try await receive(dossier) {
            case .new: new += 1
            case .known: break
            case .refused(let error): failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return new
    }

    /// Why a member may not go on by itself with what it says now; nil where it may.
    private static func reason(
        against new: MemberDescription,
        after old: MemberDescription
    ) -> String? {
        // The law of its state is why it was admitted: no hub chooses another one by itself.
        if new.state != old.state {
            return "It says now that it is in \(new.state), not in \(old.state)."
        }
        // With another record it would leave behind what others have seen of the one before.
        if let record = old.record, new.record != record {
            return "It says now that its public record is another one."
        }
        return nil
    }

    private enum Received: Sendable {
        case new, known
        case refused(MemberError)
    }

    private func receive(_ dossier: MemberDossier) async throws -> Received {
        // What is known already needs no transaction; nobody else describes this hub.
        let known = try await directory().members
        guard dossier.id != ownID, known[dossier.id]?.dossier != dossier else { return .known }
        let undecided = known.values.count { $0.standing == .known }
        if known[dossier.id] == nil,
            undecided >= Self.maximumUndecided || known.count >= Self.maximumMembers
        {
            return .refused(
                MemberError(.tooMany, "This hub knows too many hubs to take another one.")
            )
        }
        let now = clock()
        let store = try await access.madeStore(nil)
        let (received, own) = try await store.changeFollowedDocuments(
            reading: [.document(.member, id: dossier.id.text)]
        ) { changes -> Received in
            let kept = try changes.document(.member, id: dossier.id.text)
                .flatMap { Membership($0) }
            guard var kept else {
                changes.put(Membership(dossier, .known, since: now).document)
                return .new
            }
            let before = kept.dossier.newest
            do throws(MemberError) {
                guard try kept.dossier.merge(dossier) else { return .known }
                if kept.standing == .admitted,
                    let reason = Self.reason(against: kept.dossier.newest, after: before)
                {
                    kept.standing = .suspended
                    kept.since = now
                    kept.reason = reason
                }
            } catch {
                guard error.kind == .contradiction else { return .refused(error) }
                if kept.standing == .admitted {
                    kept.standing = .suspended
                    kept.since = now
                    kept.reason = error.description
                    changes.put(kept.document)
                }
                return .refused(error)
            }
            changes.put(kept.document)
            return .new
        }
        try await catchUp(own: own)
        return received
    }
}

extension BrokerError {
    static func unknownMember(_ id: String) -> BrokerError {
        BrokerError(.resourceNotFound, "This hub knows no hub '\(id)'.")
    }
}
