package import ContextModel
internal import Dispatch
package import Storage
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// The stores of a hub in one folder: `hub.sqlite` for the default tenant, `tenants/NAME.sqlite`
/// for each other, `snapshots/NAME.sqlite` for each snapshot.
///
/// A lock on `hub.lock` keeps a second hub out of the folder.
package final class SQLiteStore: Store {
    private let folder: String
    private let clock: @Sendable () -> Timestamp
    private let maximumPages: Int?
    private let queryTimeout: Duration
    private let sealing: SealingLimits
    private let maximumTenants: Int
    private let lock: FolderLock
    private let tenants: Mutex<[TenantName?: SQLiteTenantStore]>
    /// Opens files one at a time; opening blocks.
    private let opening = DispatchQueue(label: "balai.opening")

    /// Opens the folder, which is created if need be, and the default tenant.
    ///
    /// It blocks while it checks the database. A file may have at most `maximumPages` pages of 4
    /// KiB. No tenant is created beyond `maximumTenants`, which does not count the default one. A
    /// query that takes longer than `queryTimeout` is stopped.
    package init(
        folder: String,
        maximumPages: Int? = nil,
        maximumTenants: Int = 256,
        queryTimeout: Duration = .seconds(10),
        sealing: SealingLimits = SealingLimits(),
        clock: @escaping @Sendable () -> Timestamp
    ) throws {
        self.maximumPages = maximumPages
        self.maximumTenants = maximumTenants
        self.queryTimeout = queryTimeout
        self.sealing = sealing
        self.folder = folder
        self.clock = clock
        for path in [folder, "\(folder)/tenants", "\(folder)/snapshots"]
        where mkdir(path, 0o700) != 0 && errno != EEXIST {
            let reason = String(cString: strerror(errno))
            throw StorageError(.failed, note: "the folder \(path) cannot be created: \(reason)")
        }
        lock = try FolderLock(path: "\(folder)/hub.lock")
        let main = try SQLiteTenantStore(
            path: "\(folder)/hub.sqlite",
            maximumPages: maximumPages,
            queryTimeout: queryTimeout,
            sealing: sealing,
            clock: clock
        )
        tenants = Mutex([nil: main])
    }

    package func tenant(_ name: TenantName?) async throws -> (any TenantStore)? {
        if let open = try openStore(name) { return open }
        guard let name, access(path(name), F_OK) == 0 else { return nil }
        return try await opened(name)
    }

    package func makeTenant(_ name: TenantName?) async throws -> any TenantStore {
        if let open = try openStore(name) { return open }
        guard let name else { throw Self.closed }
        guard name.snapshot == nil || access(path(name), F_OK) == 0 else {
            throw StorageError(.failed, note: "the snapshot \(name) was removed")
        }
        return try await opened(name)
    }

    private static var closed: StorageError { StorageError(.closed, note: "the store is closed") }

    /// The tenant's store, if its file is open.
    private func openStore(_ name: TenantName?) throws(StorageError) -> SQLiteTenantStore? {
        let (isOpen, store) = tenants.withLock { ($0[nil] != nil, $0[name]) }
        // The default tenant's file is open as long as the store is.
        guard isOpen else { throw Self.closed }
        return store
    }

    private func opened(_ name: TenantName) async throws -> any TenantStore {
        try await withCheckedThrowingContinuation { continuation in
            opening.async { continuation.resume(with: Result { try self.open(name) }) }
        }
    }

    private func open(_ name: TenantName) throws -> SQLiteTenantStore {
        if let open = try openStore(name) { return open }
        if name.snapshot == nil, access(path(name), F_OK) != 0,
            tenantsOnDisk.count >= maximumTenants
        {
            throw StorageError(
                .tooManyTenants,
                note: "tenant \(name.text) would be one more than \(maximumTenants)"
            )
        }
        let store = try SQLiteTenantStore(
            path: path(name),
            maximumPages: maximumPages,
            queryTimeout: queryTimeout,
            sealing: sealing,
            clock: clock
        )
        tenants.withLock { $0[name] = store }
        return store
    }

    /// The lock keeps other processes out.
    package var isShared: Bool { false }

    package var openStores: [any TenantStore] {
        tenants.withLock { $0.filter { $0.key?.snapshot == nil }.map(\.value) }
    }

    package var tenantNames: [TenantName] { get async { tenantsOnDisk } }

    private var tenantsOnDisk: [TenantName] {
        Self.files(in: "\(folder)/tenants").filter { $0.hasSuffix(".sqlite") }
            .compactMap { TenantName(String($0.dropLast(7))) }
            .sorted { $0.text < $1.text }
    }

    package func close() async {
        let open = tenants.withLock { tenants in
            defer { tenants = [:] }
            return Array(tenants.values)
        }
        for store in open { await store.close() }
        lock.release()
    }

    private func path(_ name: TenantName) -> String {
        name.snapshot == nil
            ? "\(folder)/tenants/\(name.text).sqlite" : "\(snapshots)/\(name.text).sqlite"
    }
}

// MARK: - Snapshots

extension SQLiteStore {
    private var snapshots: String { "\(folder)/snapshots" }

    package func makeSnapshot(_ name: TenantName) async throws -> any TenantStore {
        precondition(name.snapshot != nil, "makeSnapshot is for snapshots, not for tenants")
        return try await opened(name)
    }

    package func removeSnapshot(_ name: TenantName) async throws {
        precondition(name.snapshot != nil, "removeSnapshot is for snapshots, not for tenants")
        // On the queue that opens files, so that no file is opened and removed at once.
        let open = await withCheckedContinuation { continuation in
            opening.async {
                continuation.resume(
                    returning: self.tenants.withLock { $0.removeValue(forKey: name) }
                )
            }
        }
        await open?.close()
        Self.removeFiles(path(name))
    }

    package func removeSnapshots(except names: [TenantName]) async throws {
        let kept = Set(names.map { "\($0.text).sqlite" })
        for file in Self.files(in: snapshots)
        where file.hasSuffix(".sqlite") && !kept.contains(file) {
            Self.removeFiles("\(snapshots)/\(file)")
        }
    }

    private static func removeFiles(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
    }

    /// The names of the files in a folder; none when it cannot be read.
    static func files(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
            )
        }
        return names
    }
}

/// A lock that keeps other processes out of a folder until it is released or the process ends.
final class FolderLock: Sendable {
    private let descriptor: Mutex<Int32>

    init(path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            let reason = String(cString: strerror(errno))
            throw StorageError(.failed, note: "the lock \(path) cannot be opened: \(reason)")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(file)
            throw StorageError(
                .locked,
                note: "another hub uses the folder of \(path): stop it, or give this one a folder "
                    + "of its own"
            )
        }
        descriptor = Mutex(file)
    }

    deinit { release() }

    /// Releases the lock; a second call does nothing.
    func release() {
        descriptor.withLock { file in
            guard file >= 0 else { return }
            // A child process that is just being started has a copy of the descriptor: after a
            // close of ours alone, it would still hold the lock.
            flock(file, LOCK_UN)
            Glibc.close(file)
            file = -1
        }
    }
}
