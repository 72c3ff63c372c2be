import ContextModel
import Governance
import Logging
import Storage

/// How this process keeps what it remembers of documents in step with the store: by the change feed.
///
/// Policies, `@context`s and subscriptions are followed side by side, and so are the tenants: none waits
/// for another. Nothing here waits for the server of a stranger but
/// `SubscriptionFollower.readWaiting`.
extension Following {
    /// How often changes of other processes are asked for.
    static let pauseBetweenPages = Duration.milliseconds(50)
    /// How often own changes that could not be applied are tried again, where there are no others.
    private static let pauseAlone = Duration.seconds(1)
    private static let pauseAfterFailure = Duration.seconds(1)

    /// Follows what other processes change, until the task is cancelled.
    package func followChanges() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followPolicies() }
            group.addTask { await self.followContexts() }
            group.addTask { await self.followSubscriptions() }
            group.addTask { await self.followWaiting() }
            group.addTask { await self.followTime() }
        }
    }

    /// Waits until changes are to be asked for; false when the task is cancelled.
    private func isTimeToAsk() async -> Bool {
        let pause = store.isShared ? Self.pauseBetweenPages : Self.pauseAlone
        return (try? await clock.sleep(for: pause)) != nil
    }

    private func followPolicies() async {
        guard store.isShared else { return }
        while await isTimeToAsk() {
            do { try await followPolicy() } catch {
                logger.error("The policy stays as it was until it can be read: \(error)")
                // Cancelled at the end of the program: then the next pause says so.
                try? await clock.sleep(for: Self.pauseAfterFailure)
            }
        }
    }

    private func followContexts() async {
        while await isTimeToAsk() {
            if store.isShared || contextFollower.isBehind { await contextFollower.catchUp() }
        }
    }

    private func followSubscriptions() async {
        await withDiscardingTaskGroup { group in
            while await isTimeToAsk() {
                let tenants = store.isShared ? await allTenants : follower.documents.tenantsBehind
                for tenant in tenants where follower.begin(tenant) {
                    group.addTask {
                        await self.follower.followOthers(of: tenant, pause: Self.pauseAfterFailure)
                    }
                }
            }
        }
    }

    private func followWaiting() async {
        await withDiscardingTaskGroup { group in
            while await isTimeToAsk() {
                for key in follower.takeDue(at: clock()) {
                    group.addTask { await self.follower.readWaiting(key) }
                }
            }
        }
    }

    /// The tenants, and the snapshots, that there are.
    private var allTenants: [TenantName?] {
        get async { [nil] + (await store.tenantNames) + snapshots.stores }
    }

    /// Makes the `@context`s known that are kept: to be called once, before the first request.
    package func loadContexts() async throws { try await contextFollower.load() }

    /// Makes the subscriptions of all tenants known: to be called once, before the first request.
    ///
    /// An `@context` that is not at hand is fetched, once; one that cannot be had is fetched later.
    package func loadSubscriptions() async throws {
        if store.isShared {
            do { try await followPolicy() } catch {
                logger.error("The policy stays as it was until it can be read: \(error)")
            }
        }
        for tenant in await allTenants { try await follower.load(tenant) }
        let start = clock()
        var due = follower.takeDue(at: start)
        while !due.isEmpty {
            await withDiscardingTaskGroup { group in
                for key in due { group.addTask { await self.follower.readWaiting(key) } }
            }
            due = follower.takeDue(at: start)
        }
    }
}
