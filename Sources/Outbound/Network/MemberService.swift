import AsyncHTTPClient
package import Broker
import ContextModel
import Governance
import Logging
import NIOCore
import NIOHTTP1
import HubNetwork
import Record
import ServiceLifecycle

/// Asks the members of the network which hubs they know, and what these say of themselves, and looks at their public
/// records.
///
/// What a hub says is signed by it, so it does not matter who passes it on.
package struct MemberService: Service {
    /// Seconds between two looks at the record of a member.
    package static let lookSeconds = 15
    /// Every how many looks a member is asked which hubs it knows.
    static let looksPerQuestion = 2
    /// Seconds that a member may take to answer, and to show its record.
    static let answerSeconds: Int64 = 5
    static let maximumAnswerBytes = 4 << 20

    private let hub: Hub
    private let web: OutboundWeb
    private let before: @Sendable () async -> Void

    /// `before` is called before each round.
    package init(
        _ hub: Hub,
        _ web: OutboundWeb,
        before: @escaping @Sendable () async -> Void = {}
    ) {
        self.hub = hub
        self.web = web
        self.before = before
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var round = 0
            while !Task.isCancelled {
                await before()
                await askAll(whomTheyKnow: round.isMultiple(of: Self.looksPerQuestion))
                round += 1
                guard (try? await Task.sleep(for: .seconds(Self.lookSeconds))) != nil else {
                    return
                }
            }
        }
    }

    /// Looks at the record of each member once, and asks it which hubs it knows, or not.
    package func askAll(whomTheyKnow: Bool = true) async {
        let others: [(id: MemberID, address: String)]
        do { others = try await hub.networking.others() } catch {
            hub.logger.error("The members of the network cannot be read: \(error)")
            return
        }
        await withDiscardingTaskGroup { group in
            for other in others {
                group.addTask {
                    if whomTheyKnow { await ask(other.id, other.address) }
                    await look(other.id, other.address)
                }
            }
        }
        do {
            for sentence in try await hub.governing.noteFindings() {
                hub.logger.critical("\(sentence) The page /network shows it.")
            }
        } catch {
            hub.logger.error("What was found out about a member's record cannot be kept: \(error)")
        }
    }

    private func ask(_ member: MemberID, _ address: String) async {
        let begin = ContinuousClock.now
        var heard = HeardMember(milliseconds: 0)
        do {
            let bytes = try await bytes(
                of: address + "/network/v1/members",
                before: .now() + .seconds(Self.answerSeconds)
            )
            heard.milliseconds = Int(begin.duration(to: .now) / .milliseconds(1))
            let members = (try JSONReader.read(bytes).arrayValue ?? []).compactMap(\.objectValue)
            let dossiers = members.compactMap { member in
                member["descriptions"]?.arrayValue?.compactMap(\.stringValue)
            }
            try await hub.networking.takeRecords(seenBy: members)
            try await hub.networking.receive(dossiers)
        } catch {
            heard.problem = "\(error)"
            hub.logger.notice("The member of the network at \(address) is not heard: \(error)")
        }
        hub.networking.note(heard, of: member)
    }

    /// Looks at the public record of the member, all within the time that it may take to answer.
    private func look(_ member: MemberID, _ address: String) async {
        let deadline = NIODeadline.now() + .seconds(Self.answerSeconds)
        do {
            try await hub.networking.lookAtRecord(of: member) {
                let note = try await bytes(of: address + "/record/checkpoint", before: deadline)
                return try SignedCheckpoint(String(decoding: note, as: UTF8.self))
            } tile: { tile in
                try await bytes(of: "\(address)/record/\(tile.path)", before: deadline)
            }
        } catch {
            hub.logger.notice("The record of the member at \(address) is not seen: \(error)")
        }
    }

    private func bytes(of url: String, before deadline: NIODeadline) async throws -> [UInt8] {
        let request = try await web.request(url, for: Caller(party: .operator).sharer)
        let answer = try await web.answer(
            to: request,
            before: deadline,
            atMost: Self.maximumAnswerBytes
        )
        guard answer.status == .ok else {
            throw MemberError(.malformed, "\(url) answered \(answer.status.code).")
        }
        return Array(answer.body.readableBytesView)
    }
}
