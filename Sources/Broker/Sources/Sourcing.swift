import ContextModel
package import Governance
import Logging
import Record
import Storage
import Synchronization

/// The part of a hub with the operations on sources: where data comes from, and how it becomes
/// entities.
///
/// They are not part of the standard.
package final class Sourcing: Sendable {
    let governing: Governing
    let writing: Writing
    let access: Access
    let clock: HubClock
    let logger: Logger
    private let store: any Store
    private let reader: any SourceReading
    /// Finds the `@context`s of entities that other brokers send.
    let resolver: LDContextResolver
    /// The devices of all groups.
    let registry: DeviceRegistry
    /// Changes of groups and devices, which must not overlap.
    let provisioning = Turns()
    private let live = Mutex<[SourceKey: LiveSource]>([:])
    private let signals = Mutex<AsyncStream<Void>.Continuation?>(nil)

    /// The most sources of a tenant.
    package static let maximumSources = 200

    init(
        _ governing: Governing,
        _ store: any Store,
        _ reader: any SourceReading,
        _ registry: DeviceRegistry,
        _ resolver: LDContextResolver
    ) {
        self.resolver = resolver
        self.registry = registry
        self.governing = governing
        writing = governing.writing
        access = governing.access
        clock = governing.clock
        logger = governing.reading.logger
        self.store = store
        self.reader = reader
        governing.messageErasing.withLock {
            $0 = { [weak self] in try await self?.removePersonalMessages(of: $0, $1) }
        }
    }

    // MARK: Sources at work

    /// All sources, those of all tenants.
    package var all: [LiveSource] { live.withLock { Array($0.values) } }

    /// The source; nil when there is none.
    package func source(_ key: SourceKey) -> LiveSource? { live.withLock { $0[key] } }

    /// Emits after each change of the sources; for one who listens.
    package func makeSignals() -> AsyncStream<Void> {
        let (stream, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        signals.withLock { $0 = signal }
        return stream
    }

    /// Takes up the sources that the store has: call it once, at the start.
    ///
    /// One that cannot be read any more is told to the log and stays as it is.
    package func loadSources() async throws {
        for tenant in [nil] + (await store.tenantNames) {
            guard let tenantStore = try await store.tenant(tenant) else { continue }
            for document in try await tenantStore.documents(.source) {
                guard let kept = KeptSource(document) else {
                    logger.error("The source '\(document.id)' is damaged.")
                    continue
                }
                do {
                    try takeUp(kept, of: tenant, devices: try await devices(of: kept, tenantStore))
                } catch let error as BrokerError {
                    logger.error("The source '\(document.id)' is not at work: \(error.detail)")
                }
                if let source = source(SourceKey(tenant, kept.name)) { try await load(source) }
            }
        }
    }

    /// Takes up a source; `devices` are those that a group has at the start, and otherwise the same as
    /// before.
    func takeUp(
        _ kept: KeptSource,
        of tenant: TenantName?,
        devices: [Device]? = nil
    ) throws(BrokerError) {
        let key = SourceKey(tenant, kept.name)
        let mapping: any MessageMapping
        if let group = kept.group {
            let known = (source(key)?.mapping as? DeviceGroupMapping)?.known ?? KnownDevices()
            if let devices { known.replace(by: devices) }
            mapping = DeviceGroupMapping(group, known, key, registry)
            registry.put(key: group.key, of: key)
            for device in devices ?? [] { registry.put(device, of: key) }
        } else {
            mapping = try reader.read(kept.definition, of: kept.name)
        }
        live.withLock { live in
            let history = live[key]?.history ?? SourceHistory()
            live[key] = LiveSource(key, kept, mapping, history)
        }
        followTypes()
        signals.withLock { _ = $0?.yield() }
    }

    private func followTypes() { governing.reading.watch.types.follow(all) }

    // MARK: Operations

    /// Creates a source or gives it another definition; returns whether it is new.
    package func put(_ name: SourceName, _ definition: String, caller: Caller) async throws -> Bool
    {
        try access.requireAdministration(caller)
        return try await put(name, definition, isFromFile: false, of: caller.tenant)
    }

    private func put(
        _ name: SourceName,
        _ definition: String,
        isFromFile: Bool,
        of tenant: TenantName?
    ) async throws -> Bool {
        let mapping = try reader.read(definition, of: name)
        var new = KeptSource(
            name: name,
            definition: definition,
            types: mapping.types.map { LDContext.core.expand($0) },
            isFromFile: isFromFile,
            changedAt: clock()
        )
        if let kept = source(SourceKey(tenant, name))?.kept {
            try refuseFile(kept, unless: isFromFile)
            guard kept.group == nil else {
                throw BrokerError(
                    .conflict,
                    "The source '\(name)' is a group of devices: change it with PUT /iot/services."
                )
            }
            new.isPaused = kept.isPaused
        }
        let isNew = try await change(new, of: tenant) { changes in
            try Self.requireRoom(for: name, among: changes.documents(.source))
        }
        try takeUp(new, of: tenant)
        return isNew
    }

    /// Whether the source is new; throws where the tenant has too many.
    static func requireRoom(
        for name: SourceName,
        among kept: [Document]
    ) throws(BrokerError) -> Bool {
        let isNew = !kept.contains { $0.id == name.text }
        guard !isNew || kept.count < maximumSources else {
            throw BrokerError(.tooManyResults, "A tenant has \(maximumSources) sources at most.")
        }
        return isNew
    }

    /// Keeps the source, whose party may then write what its map makes.
    func change<Answer: Sendable>(
        _ new: KeptSource,
        of tenant: TenantName?,
        _ check: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> Answer {
        let details: JSONObject = [
            "source": .string(new.name.text),
            "writes": .string(new.types.map(\.text).joined(separator: " ")),
        ]
        return try await governing.change(
            tenant,
            .policy,
            details: details.of(tenant),
            reading: [.all(.source)]
        ) { changes, _ in
            let answer = try check(&changes)
            changes.put(new.document)
            return answer
        }
    }

    private func refuseFile(_ kept: KeptSource, unless isFromFile: Bool) throws(BrokerError) {
        guard kept.isFromFile, !isFromFile else { return }
        throw BrokerError(
            .conflict,
            "The source '\(kept.name)' is a file of the operator's: change it there."
        )
    }

    /// Removes the source, with its refused messages; what it wrote stays.
    package func delete(_ name: SourceName, caller: Caller) async throws {
        try access.requireAdministration(caller)
        let source = try found(name, caller)
        try refuseFile(source.kept, unless: false)
        try await remove(source.key)
    }

    func remove(_ key: SourceKey) async throws {
        let details: JSONObject = [
            "source": .string(key.name.text), "removed": .string(key.name.text),
        ]
        try await governing.change(
            key.tenant,
            .policy,
            details: details.of(key.tenant),
            reading: []
        ) { changes, _ in changes.remove(.source, id: key.name.text) }
        live.withLock { $0[key] = nil }
        registry.remove(key)
        followTypes()
        signals.withLock { _ = $0?.yield() }
        let store = try await access.existingStore(key.tenant)
        for kind in [
            Document.Kind.refusedMessage, .messageNumber, .sourceThings, .device, .deviceCommand,
        ] {
            let ids = try await store.documents(kind, of: key.name.text, offset: 0, limit: .max)
                .map(\.id)
            try await store.bookkeep { transaction in
                for id in ids { _ = try transaction.removeDocument(kind, id: id) }
            }
        }
    }

    /// Stops a source from taking messages, or lets it go on.
    package func setPaused(_ name: SourceName, _ isPaused: Bool, caller: Caller) async throws {
        try access.requireAdministration(caller)
        try await provisioning.take { [self] in
            var kept = try found(name, caller).kept
            kept.isPaused = isPaused
            try await change(kept, of: caller.tenant) { _ in }
            if !isPaused {
                let now = clock()
                source(SourceKey(caller.tenant, name))?.history.state.withLock {
                    $0.things.countAnew(at: now)
                }
            }
            try takeUp(kept, of: caller.tenant)
        }
    }

    /// The sources of the caller's tenant, by their names.
    package func sources(caller: Caller) throws(BrokerError) -> [LiveSource] {
        try administer(caller)
        return all.filter { $0.key.tenant == caller.tenant }.sorted { $0.key.name < $1.key.name }
    }

    /// The source; throws when there is none.
    package func source(_ name: SourceName, caller: Caller) throws(BrokerError) -> LiveSource {
        try administer(caller)
        return try found(name, caller)
    }

    private func administer(_ caller: Caller) throws(BrokerError) {
        if case .deny(let reason) = access.policy.decideAdministration(caller) {
            throw BrokerError(reason)
        }
    }

    func found(_ name: SourceName, _ caller: Caller) throws(BrokerError) -> LiveSource {
        guard let source = source(SourceKey(caller.tenant, name)) else {
            throw BrokerError(.resourceNotFound, "There is no source '\(name)'.")
        }
        return source
    }

    /// What a definition would make of a message: nothing is stored.
    package func tryOut(
        _ definition: String?,
        of name: SourceName,
        _ message: ReceivedMessage,
        caller: Caller
    ) throws(BrokerError) -> MappedContent {
        try administer(caller)
        guard let definition else { return try found(name, caller).mapping.map(message) }
        return try reader.read(definition, of: name).map(message)
    }

    // MARK: Files

    /// Throws `badRequestData` for a definition that cannot be used.
    package func check(_ definition: String, of name: SourceName) throws(BrokerError) {
        _ = try reader.read(definition, of: name)
    }

    /// Takes up the sources that the operator defines in files, and removes those that are no file
    /// any more.
    package func adopt(_ files: [SourceName: String]) async throws {
        for (name, definition) in files.sorted(by: { $0.key < $1.key }) {
            let kept = source(SourceKey(nil, name))?.kept
            guard kept?.definition != definition || kept?.isFromFile != true else { continue }
            _ = try await put(name, definition, isFromFile: true, of: nil)
        }
        for source in all where source.key.tenant == nil && source.kept.isFromFile {
            if files[source.key.name] == nil { try await remove(source.key) }
        }
    }
}
