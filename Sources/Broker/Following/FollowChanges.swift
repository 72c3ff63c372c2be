import ContextModel
import Governance
import Logging
import Storage

/// Keeping the caches of documents of this process in step with the store, by the change feed.
///
/// Policies, `@context`s and subscriptions are followed independently of each other, and so are
/// the tenants. Only `SubscriptionFollower.readWaiting` waits for servers outside the hub.
extension Following {
    /// The pause between two questions for the changes of other processes.
    static let pauseBetweenPages = Duration.milliseconds(50)
    /// The pause before own changes that could not be applied are tried again, in a hub of one
    /// process.
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

    /// Waits until it is time to ask for changes; false when the task is cancelled.
    private func isTimeToAsk() async -> Bool {
        let pause = store.isShared ? Self.pauseBetweenPages : Self.pauseAlone
        return (try? await clock.sleep(for: pause)) != nil
    }

    private func followPolicies() async {
        guard store.isShared else { return }
        while await isTimeToAsk() {
            do { try await followPolicy() } catch {
                logger.error("The new policy cannot be read; the old one stays in force: \(error)")
                // If the program ends meanwhile, the next pause reports the cancellation.
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

    /// All tenants and snapshots.
    private var allTenants: [TenantName?] {
        get async { [nil] + (await store.tenantNames) + snapshots.stores }
    }

    /// Loads the stored `@context`s: call it once, before the first request.
    package func loadContexts() async throws { try await contextFollower.load() }

    /// Loads the subscriptions of all tenants: call it once, before the first request.
    ///
    /// An `@context` that is missing is fetched once; when that fails, it is fetched later.
    package func loadSubscriptions() async throws {
        if store.isShared {
            do { try await followPolicy() } catch {
                logger.error("The new policy cannot be read; the old one stays in force: \(error)")
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
