package import ContextModel
package import Governance
import Logging
import Storage

/// Commands to devices: what waits, and what became of it. They are not part of the standard.
///
/// A command is sent at most once, for what moves something must not be moved twice. Its state is an
/// attribute of the entity, `NAME_status`: PENDING, DELIVERED, OK, ERROR or EXPIRED; `NAME_info` is the
/// result, or the reason of an error.
extension Sourcing {
    /// A command that was not sent after so long is not sent any more.
    static let longestDelayMicroseconds: Int64 = 60_000_000
    /// So long a command waits for a device that asks.
    static let longestWaitMicroseconds: Int64 = 86_400_000_000

    /// Emits after each command that is written; for one who listens.
    package func makeCommandSignals() -> AsyncStream<Void> { registry.makeSignals() }

    /// Makes the one who listens look again.
    package func signalCommands() { registry.signal() }

    /// Takes up the commands of all groups that are to be sent now, each with where it goes; those that
    /// devices ask for are marked as pending, and those that are too old as expired.
    ///
    /// `isUnderway` says which are being sent by this process, in the places that tenants share; what has no
    /// place stays. What fails of one group or one command does not stop the others.
    package func takeUpCommands(
        within shares: FairShares<TenantName?>,
        isUnderway: @Sendable (WaitingCommand) -> Bool
    ) async -> TakenCommands {
        var taken = TakenCommands()
        var queue = FairQueue<TenantName?, (WaitingCommand, LiveSource)>(places: shares.capacity)
        queue.shares = shares
        for source in all where source.mapping is DeviceGroupMapping {
            do {
                for command in try await waitingCommands(of: source) where !isUnderway(command) {
                    do {
                        guard try await isToBeSent(command, of: source) else { continue }
                        queue.append((command, source), of: source.key.tenant)
                    } catch { taken.failures.append(error) }
                }
            } catch { taken.failures.append(error) }
        }
        while let ((command, source), tenant) = queue.popNext() {
            var target: CommandTarget?
            do { target = try await begin(command, of: source) } catch {
                taken.failures.append(error)
            }
            if let target {
                taken.commands.append((command, target))
            } else {
                queue.giveBack(tenant)
            }
        }
        return taken
    }

    private func waitingCommands(of source: LiveSource) async throws -> [WaitingCommand] {
        guard let store = try await access.store.tenant(source.key.tenant) else { return [] }
        let owner = source.key.name.text
        return try await store.documents(.deviceCommand, of: owner, offset: 0, limit: .max)
            .compactMap { WaitingCommand($0, of: source.key) }
    }

    /// Whether the command is to be sent now.
    ///
    /// If not, it keeps waiting, or this method ends it.
    private func isToBeSent(
        _ command: WaitingCommand,
        of source: LiveSource
    ) async throws -> Bool {
        guard let device = (source.mapping as? DeviceGroupMapping)?.device(command.device) else {
            try await forget(command, of: source)
            return false
        }
        let age = clock().microseconds - command.writtenAt.microseconds
        switch (command.stage, device.delivery) {
        case (.sending, _):
            let reason = "The hub stopped while the command was sent: the device may have it."
            try await end(command, of: source, "ERROR", .string(reason))
            return false
        case (_, .asked):
            if age > Self.longestWaitMicroseconds {
                try await end(command, of: source, "EXPIRED", nil)
            } else if command.stage == .new {
                try await tell(command, of: source, "PENDING", nil, at: command.writtenAt)
                try await move(command, to: .pending, of: source)
            }
            return false
        case (_, .http), (_, .mqtt):
            guard age > Self.longestDelayMicroseconds else { return true }
            try await end(command, of: source, "EXPIRED", nil)
            return false
        }
    }

    /// Marks the command as being sent, and returns where it goes; nil when a newer one is in its place.
    private func begin(
        _ command: WaitingCommand,
        of source: LiveSource
    ) async throws -> CommandTarget? {
        guard let mapping = source.mapping as? DeviceGroupMapping,
            let device = mapping.device(command.device)
        else { return nil }
        // What is marked as being sent and is not sent would never be: so the mark comes last.
        try await tell(command, of: source, "PENDING", nil, at: command.writtenAt)
        guard try await move(command, to: .sending, of: source) else { return nil }
        return target(of: device, mapping.group, source.key)
    }

    private func target(
        of device: Device,
        _ group: DeviceGroup,
        _ source: SourceKey
    ) -> CommandTarget? {
        switch device.delivery {
        case .asked: return nil
        case .mqtt: return .mqtt(topic: "/\(group.key)/\(device.id)/cmd")
        case .http(let url):
            let path = device.path ?? group.path ?? "/"
            return .http(url: url, tenant: source.tenant?.text ?? "", path: path)
        }
    }

    /// Notes what became of a command that was sent.
    package func settle(_ command: WaitingCommand, _ outcome: CommandOutcome) async throws {
        guard let source = source(command.source) else { return }
        switch outcome {
        case .delivered(let result?): try await end(command, of: source, "OK", result)
        case .delivered(nil): try await end(command, of: source, "DELIVERED", nil)
        case .sent: try await forget(command, of: source)
        case .failed(let reason): try await end(command, of: source, "ERROR", .string(reason))
        }
    }

    /// The commands that wait for a device that asks, which has them with the answer.
    package func takeCommands(for id: String, of source: LiveSource) async throws -> JSONObject {
        var answer = JSONObject()
        guard let mapping = source.mapping as? DeviceGroupMapping,
            let device = mapping.device(id), device.delivery == .asked
        else { return answer }
        let oldest = clock().microseconds - Self.longestWaitMicroseconds
        for command in try await waitingCommands(of: source) where command.device == id {
            guard command.writtenAt.microseconds >= oldest else {
                try await end(command, of: source, "EXPIRED", nil)
                continue
            }
            // Who takes it away first has it, so that it is given once.
            guard try await forget(command, of: source) else { continue }
            answer[command.command] = command.value
            do { try await tell(command, of: source, "DELIVERED", nil, at: clock()) } catch {
                // The device gets it all the same: nobody else can give it any more.
                logger.error("the state of a command cannot be stored: \(error)")
            }
        }
        return answer
    }

    // MARK: Documents

    /// Writes the state and ends the command.
    private func end(
        _ command: WaitingCommand,
        of source: LiveSource,
        _ status: String,
        _ info: JSONValue?
    ) async throws {
        try await tell(command, of: source, status, info, at: clock())
        try await forget(command, of: source)
    }

    /// Removes the command; false when it is gone already, or a newer one is in its place.
    @discardableResult
    private func forget(
        _ command: WaitingCommand,
        of source: LiveSource
    ) async throws -> Bool {
        try await change(command, of: source) { try $0.removeDocument(.deviceCommand, id: $1) }
    }

    /// Returns false when a newer one is in its place.
    @discardableResult
    private func move(
        _ command: WaitingCommand,
        to stage: WaitingCommand.Stage,
        of source: LiveSource
    ) async throws -> Bool {
        var moved = command
        moved.stage = stage
        let document = moved.document
        return try await change(command, of: source) { transaction, _ in
            try transaction.put(document, isQuiet: true)
            return true
        }
    }

    @discardableResult
    private func change(
        _ command: WaitingCommand,
        of source: LiveSource,
        _ body: @escaping @Sendable (any BookkeepingTransaction, String) throws -> Bool
    ) async throws -> Bool {
        let id = command.documentID
        let store = try await access.existingStore(source.key.tenant)
        return try await store.bookkeep { transaction in
            guard let document = try transaction.document(.deviceCommand, id: id),
                let present = WaitingCommand(document, of: source.key),
                present.writtenAt == command.writtenAt
            else { return false }
            return try body(transaction, id)
        }
    }

    /// Writes the state of a command as attributes of the entity.
    private func tell(
        _ command: WaitingCommand,
        of source: LiveSource,
        _ status: String,
        _ info: JSONValue?,
        at moment: Timestamp
    ) async throws {
        guard let mapping = source.mapping as? DeviceGroupMapping,
            let device = mapping.device(command.device)
        else { return }
        var entity: JSONObject = [
            "id": .string(device.entity.uri), "type": .string(device.type),
        ]
        entity.members += DeviceGroupMapping.state(of: command.command, status, info, at: moment)
        var mapped = [
            Mapped(
                ReceivedMessage([], receivedAt: moment),
                MappedContent(entities: [.object(entity)], refusals: [])
            )
        ]
        try await write(&mapped, by: source, isReport: false)
        if let reason = mapped[0].reasons.first {
            logger.warning(
                "the state of a command cannot be written: \(reason)",
                metadata: ["source": "\(source.key.name)"]
            )
        }
    }
}

/// The commands that are to be sent now, and what went wrong of others, which can be taken up later.
package struct TakenCommands: Sendable {
    package var commands: [(command: WaitingCommand, target: CommandTarget)] = []
    package var failures: [any Error] = []
}
