import AsyncHTTPClient
package import Broker
import ContextModel
import Governance
import Logging
import NIOCore
import NIOHTTP1
import HubNetwork
import ServiceLifecycle

/// Asks the members of the network which hubs they know, and what these say of themselves.
///
/// What a hub says is signed by it, so it does not matter who passes it on.
package struct MemberService: Service {
    /// Seconds between two rounds.
    package static let intervalSeconds = 30
    /// Seconds that a member may take to answer.
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
            while !Task.isCancelled {
                await before()
                await askAll()
                guard (try? await Task.sleep(for: .seconds(Self.intervalSeconds))) != nil else {
                    return
                }
            }
        }
    }

    /// Asks each member once.
    package func askAll() async {
        let others: [(id: MemberID, address: String)]
        do { others = try await hub.networking.others() } catch {
            hub.logger.error("The members of the network cannot be read: \(error)")
            return
        }
        await withDiscardingTaskGroup { group in
            for other in others { group.addTask { await ask(other.id, other.address) } }
        }
    }

    private func ask(_ member: MemberID, _ address: String) async {
        let begin = ContinuousClock.now
        var heard = HeardMember(milliseconds: 0)
        do {
            let json = try JSONReader.read(try await bytes(of: address + "/network/v1/members"))
            heard.milliseconds = Int(begin.duration(to: .now) / .milliseconds(1))
            let dossiers = (json.arrayValue ?? []).compactMap { member in
                member.objectValue?["descriptions"]?.arrayValue?.compactMap(\.stringValue)
            }
            try await hub.networking.receive(dossiers)
            let note = try await bytes(of: address + "/record/checkpoint")
            heard.recordSize = Self.size(inCheckpoint: String(decoding: note, as: UTF8.self))
        } catch {
            heard.problem = "\(error)"
            hub.logger.notice("The member of the network at \(address) is not heard: \(error)")
        }
        hub.networking.note(heard, of: member)
    }

    private func bytes(of url: String) async throws -> [UInt8] {
        let request = try await web.request(url, for: Caller(party: .operator).sharer)
        let response = try await web.execute(
            request,
            deadline: .now() + .seconds(Self.answerSeconds)
        )
        guard response.status == .ok else {
            throw MemberError(.malformed, "\(url) answered \(response.status.code).")
        }
        let body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
        return Array(body.readableBytesView)
    }

    /// The size of the tree is in the second line of a checkpoint (C2SP tlog-checkpoint).
    private static func size(inCheckpoint note: String) -> Int? {
        let lines = note.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        return lines.count > 1 ? Int(lines[1]) : nil
    }
}
