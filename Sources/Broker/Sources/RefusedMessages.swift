package import Governance
import ContextModel
import DequeModule
import Storage
import Synchronization

/// The operator's operations on refused messages, and what the hub tells of a source. They are not
/// part of the standard.
extension Sourcing {
    /// The refused messages of the source, oldest first.
    package func refusedMessages(
        of name: SourceName,
        limit: Int,
        caller: Caller
    ) async throws -> Disclosed<RefusedMessages> {
        let session = try await governing.reading.operatorSession(caller)
        _ = try found(name, caller)
        let documents = try await session.documents.documents(
            .refusedMessage,
            of: name.text,
            offset: 0,
            limit: limit
        )
        return try await session.seal(
            RefusedMessages(messages: documents.compactMap { RefusedMessage($0) })
        )
    }

    /// Maps and writes the refused messages again; returns how many are stored now, and how many
    /// are still refused.
    ///
    /// A reading keeps the time that its message gives. A reading without a time is refused when its
    /// attribute has changed since the message was received, because it would replace a newer value.
    package func retryRefused(
        of name: SourceName,
        caller: Caller
    ) async throws -> (stored: Int, refused: Int) {
        try access.requireAdministration(caller)
        let source = try found(name, caller)
        try await load(source)
        let store = try await access.existingStore(caller.tenant)
        let documents = try await store.documents(
            .refusedMessage,
            of: name.text,
            offset: 0,
            limit: .max
        )
        var (stored, refused) = (0, 0)
        for document in documents {
            guard var message = RefusedMessage(document) else { continue }
            let reasons = try await rewrite(message.message, by: source)
            if reasons.isEmpty {
                stored += 1
                try await forget([document.id], of: source)
            } else {
                refused += 1
                message.reasons = reasons
                let changed = message.document(of: name)
                try await store.bookkeep { transaction in
                    // It may have been dropped or erased meanwhile.
                    let isThere =
                        try transaction.document(.refusedMessage, id: changed.id) != nil
                    if isThere { try transaction.put(changed, isQuiet: true) }
                }
            }
        }
        return (stored, refused)
    }

    /// Removes the refused messages; returns how many.
    package func dropRefused(of name: SourceName, caller: Caller) async throws -> Int {
        try access.requireAdministration(caller)
        let source = try found(name, caller)
        try await load(source)
        let ids = source.history.state.withLock { state in
            state.refused.map(\.id)
        }
        try await forget(ids, of: source)
        return ids.count
    }

    /// Whether the caller sees what stands in messages.
    ///
    /// They may be about people, and to run the hub is not to read about people: it is the
    /// operator's alone.
    package func showsContent(to caller: Caller) -> Bool { caller.party == .operator }

    /// The figures of a source as the caller may see them, and how many refused messages are kept.
    package func figures(
        of source: LiveSource,
        for caller: Caller
    ) -> (figures: SourceFigures, kept: Int) {
        var (figures, kept) = figures(of: source)
        if !showsContent(to: caller) { figures.removeContent() }
        return (figures, kept)
    }

    /// The figures of a source, and how many refused messages are kept.
    package func figures(of source: LiveSource) -> (figures: SourceFigures, kept: Int) {
        source.history.state.withLock { state in
            var figures = state.figures
            figures.things = state.things.things.count
            figures.silent = state.things.silent.count
            let reports = source.mapping.reports
            figures.silentAfterSeconds = state.things.rhythm.limitSeconds(reports)
            figures.isSilent =
                !source.kept.isPaused && state.things.isSourceSilent(at: clock(), reports)
            return (figures, state.refused.count)
        }
    }

    /// Notes what the connection of a source says of itself.
    package func note(_ sentence: String, isConnected: Bool, of source: LiveSource) {
        source.history.state.withLock { state in
            state.figures.connection = sentence
            state.figures.isConnected = isConnected
        }
    }

    /// Removes what messages of the tenant's sources say of people: all refused messages of
    /// sources that write such entities, the last messages, and the names of things that were heard.
    ///
    /// What could not be mapped does not tell whom it is about, and neither does a name.
    func removePersonalMessages(of tenant: TenantName?, _ types: Set<IRI>) async throws {
        for source in all
        where source.key.tenant == tenant && source.mayHoldMessages(about: types) {
            try await load(source)
            let ids = source.history.state.withLock { state in
                state.figures.removeContent()
                state.things.forgetAll()
                return state.refused.map(\.id)
            }
            if !ids.isEmpty { try await forget(ids, of: source) }
            try await keepThings(of: source)
        }
    }

    private func forget(_ ids: [String], of source: LiveSource) async throws {
        try await access.existingStore(source.key.tenant).bookkeep { transaction in
            for id in ids { _ = try transaction.removeDocument(.refusedMessage, id: id) }
        }
        source.history.remove(Set(ids))
    }
}

extension SourceHistory {
    /// A change of the kept messages, in memory and then in the store.
    struct RefusedChange: Sendable {
        var added: [Document]
        var removed: [String]
    }

    /// Adds refused messages, in place of the oldest where there would be too many.
    func add(
        _ messages: [(message: ReceivedMessage, reasons: [String])],
        of name: SourceName
    ) -> RefusedChange {
        state.withLock { state in
            var change = RefusedChange(added: [], removed: [])
            for (message, reasons) in messages {
                state.lastRefusedNumber += 1
                var refused = RefusedMessage(
                    id: RefusedMessage.id(of: name, state.lastRefusedNumber),
                    message,
                    reasons: reasons
                )
                var document = refused.document(of: name)
                if document.body.count > Self.maximumRefusedBytes {
                    refused = refused.withoutBody
                    document = refused.document(of: name)
                }
                change.added.append(document)
                state.refused.append((document.id, document.body.count))
                state.refusedBytes += document.body.count
            }
            while state.refused.count > Self.maximumRefused
                || state.refusedBytes > Self.maximumRefusedBytes,
                let oldest = state.refused.popFirst()
            {
                state.refusedBytes -= oldest.bytes
                state.figures.dropped += 1
                change.removed.append(oldest.id)
            }
            return change
        }
    }

    /// Undoes the additions of a change that could not be stored.
    func forget(_ change: RefusedChange) { remove(Set(change.added.map(\.id))) }

    func remove(_ ids: Set<String>) {
        state.withLock { state in
            for message in state.refused where ids.contains(message.id) {
                state.refusedBytes -= message.bytes
            }
            state.refused.removeAll { ids.contains($0.id) }
        }
    }
}
