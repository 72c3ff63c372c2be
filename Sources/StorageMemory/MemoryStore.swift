package import ContextModel
package import Storage
internal import Synchronization

/// The data of a hub's tenants in memory, which lasts as long as somebody holds it.
///
/// Every `MemoryStore` over it sees the same data, as processes see one database. When one is
/// closed, the others continue; a new one finds the data that is there.
package final class SharedMemory: Sendable {
    /// Starts work on another thread than the caller's.
    package typealias Beginning = @Sendable (@escaping @Sendable () -> Void) -> Void

    fileprivate let tenants: Mutex<[TenantName?: TenantMemory]>
    let begin: Beginning?

    /// Creates an empty default tenant.
    ///
    /// `begin` runs reads and writes in place of threads, for a single-threaded process that
    /// chooses itself what runs next. It must run them one after the other.
    package init(_ begin: Beginning? = nil) {
        self.begin = begin
        tenants = Mutex([nil: TenantMemory(begin)])
    }
}

/// The stores of a hub in memory: they keep the promises of `Store` without a disk, for tests and
/// trials.
///
/// Nothing outlives the process. Queries have neither an index nor a deadline, so a hub on the
/// Internet needs another store.
package final class MemoryStore: Store {
    private struct Opened {
        var stores: [TenantName?: MemoryTenantStore] = [:]
        var isClosed = false
    }
    private let memory: SharedMemory
    private let maximumTenants: Int
    private let clock: @Sendable () -> Timestamp
    private let opened = Mutex(Opened())

    /// No tenant is created beyond `maximumTenants`, which does not count the default one.
    package init(
        _ memory: SharedMemory = SharedMemory(),
        maximumTenants: Int = 256,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.memory = memory
        self.maximumTenants = maximumTenants
        self.clock = clock
    }

    package func tenant(_ name: TenantName?) async throws -> (any TenantStore)? {
        try requireOpen()
        let found = memory.tenants.withLock { $0[name] }
        return try found.map { try store(name, of: $0) }
    }

    package func makeTenant(_ name: TenantName?) async throws -> any TenantStore {
        try requireOpen()
        let found = try memory.tenants.withLock { tenants in
            if let found = tenants[name] { return found }
            guard let name, name.snapshot == nil else {
                throw StorageError(.failed, note: "the snapshot was removed")
            }
            guard tenants.keys.count(where: { $0?.isTenant ?? false }) < maximumTenants else {
                let note = "tenant \(name.text) would be one more than \(maximumTenants)"
                throw StorageError(.tooManyTenants, note: note)
            }
            return add(name, to: &tenants)
        }
        return try store(name, of: found)
    }

    package var tenantNames: [TenantName] {
        get async {
            memory.tenants.withLock { $0.keys.compactMap(\.self) }.filter(\.isTenant)
                .sorted { $0.text < $1.text }
        }
    }

    package var isShared: Bool { true }

    package var openStores: [any TenantStore] {
        opened.withLock { $0.stores.filter { $0.key?.isTenant ?? true }.map(\.value) }
    }

    package func makeSnapshot(_ name: TenantName) async throws -> any TenantStore {
        precondition(name.snapshot != nil, "makeSnapshot is for snapshots, not for tenants")
        return try store(name, of: memory.tenants.withLock { $0[name] ?? add(name, to: &$0) })
    }

    package func removeSnapshot(_ name: TenantName) async throws {
        precondition(name.snapshot != nil, "removeSnapshot is for snapshots, not for tenants")
        remove { $0 == name }
    }

    package func removeSnapshots(except names: [TenantName]) async throws {
        let kept = Set(names)
        remove { $0.snapshot != nil && !kept.contains($0) }
    }

    package func close() async {
        let stores = opened.withLock { opened in
            opened.isClosed = true
            defer { opened.stores = [:] }
            return Array(opened.stores.values)
        }
        for store in stores { await store.close() }
    }

    private func requireOpen() throws(StorageError) {
        guard !opened.withLock(\.isClosed) else { throw Self.closed }
    }

    private static var closed: StorageError { StorageError(.closed, note: "the store is closed") }

    private func add(
        _ name: TenantName,
        to tenants: inout [TenantName?: TenantMemory]
    ) -> TenantMemory {
        let made = TenantMemory(memory.begin)
        tenants[name] = made
        return made
    }

    private func remove(_ isMeant: (TenantName) -> Bool) {
        let removed = memory.tenants.withLock { tenants in
            let removed = tenants.filter { $0.key.map(isMeant) ?? false }
            for name in removed.keys { tenants[name] = nil }
            return removed
        }
        for (name, memory) in removed {
            memory.remove()
            opened.withLock { $0.stores[name] = nil }
        }
    }

    /// The store of this hub for the tenant; there is one for each.
    private func store(
        _ name: TenantName?,
        of memory: TenantMemory
    ) throws(StorageError) -> MemoryTenantStore {
        let store: MemoryTenantStore? = opened.withLock { opened in
            guard !opened.isClosed else { return nil }
            if let store = opened.stores[name] { return store }
            let store = MemoryTenantStore(memory, clock: clock)
            opened.stores[name] = store
            return store
        }
        guard let store else { throw Self.closed }
        return store
    }
}

extension TenantName {
    /// Whether it is the name of a tenant, not of a snapshot.
    fileprivate var isTenant: Bool { snapshot == nil }
}
