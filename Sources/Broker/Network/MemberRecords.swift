package import ContextModel
package import HubNetwork
import Logging
package import Record
import Storage

/// How it stands with the public record of a member, as far as this hub has seen it.
package struct MemberRecordStatus: Sendable {
    package let member: MemberID
    /// The member's name for people.
    package let name: String
    /// The newest checkpoint, with its hub's own signatures alone.
    package let checkpoint: SignedCheckpoint?
    /// When its hub said last that it is the newest, by that hub's clock.
    package let stamped: Timestamp?
    /// Since when it lacks what is promised: a newer stamp, or a proof that what was signed is one record; nil where
    /// nothing lacks.
    package let gapSince: Timestamp?
    /// What was found out about it, until an administrator settles it.
    package let finding: RecordFinding?

    /// As anybody may know it.
    package var json: JSONObject {
        var json: JSONObject = [:]
        json["size"] = (checkpoint?.checkpoint.size).map { .number(JSONNumber($0)) }
        json["stamped"] = (stamped?.text).map { .string($0) }
        json["gapSince"] = (gapSince?.text).map { .string($0) }
        json["finding"] = (finding?.json).map { .object($0) }
        json["checkpoint"] = (checkpoint?.text).map { .string($0) }
        return json
    }
}

/// The records of members: this hub follows each, and they are witnesses of its own.
extension Networking {
    /// Members that are asked to sign each checkpoint, at most: a note has no more than 64 signatures, and each costs its
    /// witness a write to its disk.
    package static let maximumWitnesses = 16

    /// Has the desk follow the records of the members that count, from now on.
    package func follow(with desk: WitnessDesk) async throws {
        take(desk)
        await followRecords(of: try await directory())
    }

    /// Has the desk follow these members, and no others.
    func followRecords(of directory: NetworkDirectory) async {
        guard let desk else { return }
        let members = followed(in: directory)
        let settled = members.compactMap { member in
            member.dossier.newest.record.map { ($0, member.since) }
        }
        do {
            try await desk.follow(
                settled.map(\.0),
                settled: Dictionary(settled) { max($0, $1) },
                at: clock()
            )
        } catch {
            logger.error("What was seen of a member's record cannot be read: \(error)")
        }
    }

    private func followed(in directory: NetworkDirectory) -> [Membership] {
        let own = ownID
        return directory.members.values.filter { $0.counts && $0.id != own }
            .sorted { $0.id < $1.id }
    }

    /// The members that are asked to sign the checkpoints of this hub's record: those behind it in the order of names, so
    /// that each hub of a large network has as many.
    package func witnesses() async throws -> [AskedWitness] {
        guard let own = ownID else { return [] }
        let members = followed(in: try await directory())
            .filter { $0.dossier.newest.offers.contains("witness") }
        let ordered = members.filter { $0.id > own } + members.filter { $0.id < own }
        return ordered.prefix(Self.maximumWitnesses).compactMap { member in
            member.dossier.newest.record?.stamp.flatMap { key in
                AskedWitness(
                    key: key,
                    url: member.dossier.newest.address + "/record/witness",
                    isMember: true
                )
            }
        }
    }

    /// How it stands with the records of members that are followed.
    package func records() async throws -> [MemberRecordStatus] {
        followed(in: try await directory()).compactMap(record)
    }

    /// How it stands with the record of a member; nil where it is not followed.
    func record(of member: Membership) -> MemberRecordStatus? {
        guard let keys = member.dossier.newest.record, let known = desk?.followed(keys) else {
            return nil
        }
        return MemberRecordStatus(
            member: member.id,
            name: member.dossier.newest.name,
            checkpoint: known.newest?.signed(
                byNoneBut: [keys.record, keys.stamp].compactMap(\.self)
            ),
            stamped: known.stamped,
            gapSince: known.gap(at: clock()),
            finding: member.finding ?? known.finding
        )
    }

    /// Looks at the record of a member; does nothing where it is not followed.
    ///
    /// Throws where the member does not answer, or what it shows is not its record's.
    package func lookAtRecord(
        of id: MemberID,
        checkpoint: () async throws -> SignedCheckpoint,
        tile: (Tile) async throws -> [UInt8]
    ) async throws {
        guard let member = try await directory().members[id], member.counts,
            let keys = member.dossier.newest.record, let desk
        else { return }
        let clock = clock
        try await desk.look(at: keys, clock: { clock() }, checkpoint: checkpoint, tile: tile)
    }

    /// Takes what another hub has seen of members' records, from its list of members.
    ///
    /// Nothing is taken on trust: it is what these members have signed.
    package func takeRecords(seenBy members: [JSONObject]) async throws {
        guard let desk else { return }
        let directory = try await directory()
        for json in members.prefix(Self.maximumMembers) {
            guard let id = json["id"]?.stringValue.flatMap({ MemberID($0) }), id != ownID,
                let member = directory.members[id], member.counts,
                let keys = member.dossier.newest.record, let known = desk.followed(keys)
            else { continue }
            let seen = json["record"]?.objectValue
            let notes = [seen?["checkpoint"]?.stringValue].compactMap(\.self)
                .compactMap { try? SignedCheckpoint($0) }
            let told = notes + (RecordFinding(seen?["finding"])?.evidence ?? [])
            let news = told.filter { $0.checkpoint != known.newest?.checkpoint }
            if !news.isEmpty { try await desk.take(news, of: keys, at: clock()) }
        }
    }
}

extension Governing {
    /// Keeps what was found out about the records of members, and tells of it in the record of this hub; returns what is
    /// new, in sentences for the log.
    package func noteFindings() async throws -> [String] {
        var told: [String] = []
        for status in try await networking.records() {
            guard let finding = status.finding,
                let kept = try await networking.directory().members[status.member],
                kept.finding == nil
            else { continue }
            try await note(finding, of: kept)
            told.append(
                "The public record of \(status.name) (\(status.member.text)) shows a \(finding.kind.rawValue)."
            )
        }
        return told
    }

    private func note(_ finding: RecordFinding, of member: Membership) async throws {
        let details: JSONObject = [
            "id": .string(member.id.text), "name": .string(member.dossier.newest.name),
            "finding": .object(finding.json),
        ]
        let id = member.id.text
        try await change(nil, .member, details: details, reading: [.document(.member, id: id)]) {
            changes,
            _ in
            let document = try changes.document(.member, id: id)
            guard var kept = document.flatMap({ Membership($0) }) else { return }
            kept.finding = finding
            changes.put(kept.document)
        }
        try await networking.catchUp()
    }
}
