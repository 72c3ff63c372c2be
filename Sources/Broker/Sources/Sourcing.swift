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
            let documents = try await tenantStore.documents(.source)
            try await removeLeftOvers(besides: documents, in: tenantStore)
            for document in documents {
                guard let kept = KeptSource(document) else {
                    logger.error("The source '\(document.id)' is damaged.")
                    continue
                }
                do {
                    try await load(kept, of: tenant, tenantStore)
                } catch let error as BrokerError {
                    logger.error("The source '\(document.id)' is not at work: \(error.detail)")
                }
                if let source = source(SourceKey(tenant, kept.name)) { try await load(source) }
            }
        }
    }

    /// Takes up a source that the store has.
    ///
    /// A group that was being provisioned when the hub was killed may write types that nothing of it has: these are taken
    /// from it.
    private func load(
        _ kept: KeptSource,
        of tenant: TenantName?,
        _ store: any TenantStore
    ) async throws {
        let devices = try await devices(of: kept, store)
        try takeUp(kept, of: tenant, devices: devices)
        guard let group = kept.group else { return }
        var narrowed = kept
        narrowed.types = Self.types(group, devices)
        guard narrowed.types != kept.types else { return }
        try await change([narrowed], of: tenant) { _ in }
        try takeUp(narrowed, of: tenant, devices: devices)
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

    /// What the source's own map makes of the messages.
    ///
    /// Long ones are mapped on the threads of the source's share: others have theirs.
    func mapped(_ messages: [ReceivedMessage], by source: LiveSource) async -> [Mapped] {
        func map() -> [Mapped] { messages.map { Mapped($0, by: source.mapping) } }
        let bytes = messages.reduce(0) { $0 + $1.body.count }
        guard LongWork.isLong(bytes) else { return map() }
        return await resolver.longWork.run(for: source.key.caller.sharer) { map() }
    }

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
        let isNew = try await change([new], of: tenant) { changes in
            let kept = try changes.documents(.source)
            let isNew = !kept.contains { $0.id == name.text }
            if isNew { try Self.requireRoom(for: 1, among: kept) }
            return isNew
        }
        try takeUp(new, of: tenant)
        return isNew
    }

    /// Throws where the tenant has no room for so many more sources.
    static func requireRoom(for more: Int, among kept: [Document]) throws(BrokerError) {
        guard kept.count + more <= maximumSources else { throw tooMany }
    }

    static let tooMany = BrokerError(
        .tooManyResults,
        "A tenant has \(maximumSources) sources at most."
    )

    /// Keeps the sources, whose parties may then write what their maps make, with what `body` changes besides: all of
    /// it or nothing.
    func change<Answer: Sendable>(
        _ new: [KeptSource],
        of tenant: TenantName?,
        _ body: @escaping @Sendable (inout DocumentChanges) throws -> Answer
    ) async throws -> Answer {
        let types = Set(new.flatMap(\.types).map(\.text)).sorted()
        let details: JSONObject = [
            "source": .string(new.map(\.name.text).joined(separator: " ")),
            "writes": .string(types.joined(separator: " ")),
        ]
        return try await governing.change(
            tenant,
            .policy,
            details: details.of(tenant),
            reading: [.all(.source)]
        ) { changes, _ in
            let answer = try body(&changes)
            for kept in new { changes.put(kept.document) }
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

    /// What belongs to a source and goes with it.
    private static let ownedKinds: [Document.Kind] = [
        .refusedMessage, .messageNumber, .sourceThings, .device, .deviceCommand,
    ]

    func remove(_ key: SourceKey) async throws {
        let details: JSONObject = [
            "source": .string(key.name.text), "removed": .string(key.name.text),
        ]
        let owned = try await owned(by: key)
        try await governing.change(
            key.tenant,
            .policy,
            details: details.of(key.tenant),
            reading: []
        ) { changes, _ in
            changes.remove(.source, id: key.name.text)
            for (kind, id) in owned { changes.remove(kind, id: id) }
        }
        live.withLock { $0[key] = nil }
        registry.remove(key)
        followTypes()
        signals.withLock { _ = $0?.yield() }
        // What came while it was removed.
        try await removeDocuments(
            try await self.owned(by: key),
            in: access.existingStore(key.tenant)
        )
    }

    private func owned(by key: SourceKey) async throws -> [(Document.Kind, id: String)] {
        let store = try await access.existingStore(key.tenant)
        var owned: [(Document.Kind, id: String)] = []
        for kind in Self.ownedKinds {
            owned += try await store.documents(kind, of: key.name.text, offset: 0, limit: .max)
                .map { (kind, $0.id) }
        }
        return owned
    }

    private func removeDocuments(
        _ names: [(Document.Kind, id: String)],
        in store: any TenantStore
    ) async throws {
        guard !names.isEmpty else { return }
        try await store.bookkeep { transaction in
            for (kind, id) in names { _ = try transaction.removeDocument(kind, id: id) }
        }
    }

    /// Removes what belongs to sources that are gone: a removal that the record alone has leaves it, as does a hub that
    /// was killed.
    private func removeLeftOvers(
        besides sources: [Document],
        in store: any TenantStore
    ) async throws {
        let names = Set(sources.map(\.id))
        let left = Mutex<[(kind: Document.Kind, id: String, owner: String)]>([])
        for kind in Self.ownedKinds {
            try await store.documents(kind, inPortionsOf: 1_000) { portion in
                let orphans = portion.filter { !names.contains($0.owner ?? "") }
                left.withLock { $0 += orphans.map { (kind, $0.id, $0.owner ?? "") } }
            }
        }
        let found = left.withLock(\.self)
        guard !found.isEmpty else { return }
        // A source that came while these were read is none that is gone.
        let present = Set(try await store.documents(.source).map(\.id))
        let gone = found.filter { !present.contains($0.owner) }.map { ($0.kind, id: $0.id) }
        try await removeDocuments(gone, in: store)
    }

    /// Stops a source from taking messages, or lets it go on.
    package func setPaused(_ name: SourceName, _ isPaused: Bool, caller: Caller) async throws {
        try access.requireAdministration(caller)
        try await provisioning.take { [self] in
            var kept = try found(name, caller).kept
            kept.isPaused = isPaused
            try await change([kept], of: caller.tenant) { _ in }
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
