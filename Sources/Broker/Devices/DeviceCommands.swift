package import ContextModel
import Governance
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
    /// `isUnderway` says which are being sent by this process; at most `limit` are returned, and the others
    /// stay.
    package func takeUpCommands(
        limit: Int,
        isUnderway: @Sendable (WaitingCommand) -> Bool
    ) async throws -> [(command: WaitingCommand, target: CommandTarget)] {
        var taken: [(command: WaitingCommand, target: CommandTarget)] = []
        for source in all {
            guard let mapping = source.mapping as? DeviceGroupMapping else { continue }
            for command in try await waitingCommands(of: source) where !isUnderway(command) {
                guard taken.count < limit else { return taken }
                guard let target = try await takeUp(command, of: source, mapping) else { continue }
                taken.append((command, target))
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

    /// Where the command goes now; nil where it waits or has ended.
    private func takeUp(
        _ command: WaitingCommand,
        of source: LiveSource,
        _ mapping: DeviceGroupMapping
    ) async throws -> CommandTarget? {
        let now = clock()
        guard let device = mapping.device(command.device) else {
            try await forget(command, of: source)
            return nil
        }
        let age = now.microseconds - command.writtenAt.microseconds
        switch (command.stage, device.delivery) {
        case (.sending, _):
            let reason = "The hub stopped while the command was sent: the device may have it."
            try await end(command, of: source, "ERROR", .string(reason))
            return nil
        case (_, .asked):
            if age > Self.longestWaitMicroseconds {
                try await end(command, of: source, "EXPIRED", nil)
            } else if command.stage == .new {
                try await tell(command, of: source, "PENDING", nil, at: command.writtenAt)
                try await move(command, to: .pending, of: source)
            }
            return nil
        case (_, .http), (_, .mqtt):
            guard age <= Self.longestDelayMicroseconds else {
                try await end(command, of: source, "EXPIRED", nil)
                return nil
            }
            guard try await move(command, to: .sending, of: source) else { return nil }
            try await tell(command, of: source, "PENDING", nil, at: command.writtenAt)
            return target(of: device, mapping.group, source.key)
        }
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
            try await tell(command, of: source, "DELIVERED", nil, at: clock())
            answer[command.command] = command.value
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
        try await write(&mapped, by: source)
        if let reason = mapped[0].reasons.first {
            logger.warning(
                "the state of a command cannot be written: \(reason)",
                metadata: ["source": "\(source.key.name)"]
            )
        }
    }
}
