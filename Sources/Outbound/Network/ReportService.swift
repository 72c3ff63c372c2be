package import Broker
import ContextModel
import Governance
import HubNetwork
import Logging
import ServiceLifecycle
import Synchronization

/// Fetches the reports of the members that this hub hears, and has in force what they suspend.
///
/// A report so reaches each hub that hears a hub that has it within `intervalSeconds` and the time of an answer.
package final class ReportService: Service {
    /// Seconds between two rounds.
    package static let intervalSeconds = 2
    /// Seconds for which a member is left alone that did not answer well, doubled each time, up to the second.
    static let leastPauseSeconds: Int64 = 2
    static let longestPauseSeconds: Int64 = 60

    private let hub: Hub
    private let client: TaxiiClient
    private let state = Mutex<[MemberID: Asked]>([:])

    /// What is known of a member that is asked.
    private struct Asked {
        /// When the newest report of each collection came there; nil for one that was not read yet.
        var collections: [String: Timestamp?] = [:]
        var failures = 0
        var until: Timestamp?
    }

    package init(_ hub: Hub, _ web: OutboundWeb) {
        self.hub = hub
        client = TaxiiClient(web)
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.round()
                guard (try? await Task.sleep(for: .seconds(Self.intervalSeconds))) != nil else {
                    return
                }
            }
        }
    }

    /// Asks each member that is heard once, all at the same time, and settles what follows.
    package func round() async {
        do {
            let asked = try await hub.coordinating.rules().asked
            let others = try await hub.networking.others().filter { asked.contains($0.id) }
            state.withLock { $0 = $0.filter { asked.contains($0.key) } }
            await withDiscardingTaskGroup { group in
                for other in others { group.addTask { await self.ask(other.id, other.address) } }
                // What is known already is settled before the slowest member has answered.
                group.addTask { await self.settle() }
            }
            await settle()
        } catch { hub.logger.error("The members to hear cannot be read: \(error)") }
    }

    private func settle() async {
        do { try await hub.coordinating.settleSuspensions() } catch {
            hub.logger.error("What reports suspend is not in force: \(error)")
        }
    }

    private func ask(_ member: MemberID, _ address: String) async {
        var asked = state.withLock { $0[member] ?? Asked() }
        if let until = asked.until, hub.clock() < until { return }
        do {
            let caller = Caller(party: .operator)
            let signer = try await hub.networking.signer(for: caller, to: address)
            if asked.collections.isEmpty {
                for collection in try await client.collections(at: address, signer) {
                    asked.collections[collection] = .some(nil)
                }
            }
            for (collection, last) in asked.collections {
                let new = try await client.fetch(collection, after: last, signer) { objects in
                    let outcomes = try await hub.coordinating.relayReports(objects)
                    note(outcomes, of: member)
                }
                asked.collections[collection] = .some(new)
            }
            asked.failures = 0
            asked.until = nil
        } catch {
            // It may have moved its collections.
            asked.collections = [:]
            asked.failures += 1
            let pause = min(
                Self.longestPauseSeconds,
                Self.leastPauseSeconds << Int64(min(asked.failures - 1, 5))
            )
            asked.until = Timestamp(microseconds: hub.clock().microseconds + pause * 1_000_000)
            hub.logger.notice("The reports of \(member.text) cannot be had: \(error)")
        }
        state.withLock { $0[member] = asked }
    }

    private func note(_ outcomes: [ReportOutcome], of member: MemberID) {
        let problems = outcomes.compactMap(\.problem)
        guard let first = problems.first else { return }
        hub.logger.notice(
            "Of the reports of \(member.text), \(problems.count) are not taken; the first: \(first)"
        )
    }
}
