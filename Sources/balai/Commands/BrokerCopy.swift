import ArgumentParser
import Collect
import ContextModel
import Foundation
import Outbound

/// Copies what another broker has into a hub: entities, histories and subscriptions.
///
/// Everything is read into files of a folder first, and then imported from there. An interrupted copy goes
/// on where it stopped.
struct BrokerCopy {
    let source: BrokerReader
    let hub: HTTPHub
    /// Where the files are kept until the copy has ended.
    let folder: URL
    /// Says which copy it is, always in the same way.
    let identity: String
    /// Whether subscriptions notify at once, as they did.
    let activatesSubscriptions: Bool

    /// How far reading is.
    private struct Progress {
        var types: [String]
        /// The type that is being read, and how many of it are there.
        var type = 0
        var offset = 0
        /// The bytes of the file that are whole.
        var bytes = 0
        var problems: [String] = []
        var isDone = false

        init(types: [String]) { self.types = types }

        var json: JSONValue {
            func number(_ count: Int) -> JSONValue { .number(JSONNumber(count)) }
            return [
                "types": .array(types.map { .string($0) }), "type": number(type),
                "offset": number(offset), "bytes": number(bytes),
                "problems": .array(problems.map { .string($0) }), "done": .bool(isDone),
            ]
        }

        /// Reads what `json` wrote; nil when it is damaged, and reading begins again.
        init?(_ json: JSONObject) {
            guard let types = json["types"]?.arrayValue?.compactMap(\.stringValue),
                let type = json["type"]?.numberValue?.intValue,
                let offset = json["offset"]?.numberValue?.intValue,
                let bytes = json["bytes"]?.numberValue?.intValue,
                let problems = json["problems"]?.arrayValue?.compactMap(\.stringValue),
                let isDone = json["done"]?.boolValue
            else { return nil }
            self.init(types: types)
            (self.type, self.offset, self.bytes) = (type, offset, bytes)
            (self.problems, self.isDone) = (problems, isDone)
        }
    }

    /// What was copied.
    struct Outcome {
        var failures = 0
        var lines: [String] = []
    }

    private func file(_ name: String) -> URL { folder.appending(path: name) }

    /// Copies all; returns what is to be told, and how much failed.
    func run(show: (String, ImportTally) -> Void) async throws -> Outcome {
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        var outcome = Outcome()
        let read = try await readEntities()
        outcome.failures += read.problems.count
        outcome.lines += read.problems.prefix(Self.maximumProblems)
        let entities = try await load("entities", show) { EntityFile($0) }
        outcome.take(entities, "entities")
        let hasHistories = try await readHistories(of: read.types)
        if hasHistories {
            let readings = try await load("history", show) { EvolutionFile($0) }
            outcome.take(readings, "history")
        } else {
            outcome.lines.append("history: the broker has none that can be read")
        }
        try await copySubscriptions(&outcome)
        try await compare(read.types, &outcome)
        if hasHistories { try await compareHistories(read.types, &outcome) }
        try FileManager.default.removeItem(at: folder)
        return outcome
    }

    /// The most problems that are told.
    private static let maximumProblems = 50

    // MARK: Reading

    private func progress(_ name: String) -> Progress? {
        guard let data = try? Data(contentsOf: file(name + ".progress")),
            let json = try? JSONReader.read(Array(data)).objectValue
        else { return nil }
        return Progress(json)
    }

    private func save(_ progress: Progress, _ name: String) throws {
        try Data(progress.json.serialized).write(to: file(name + ".progress"), options: .atomic)
    }

    /// Reads pages of all types into the file; `page` writes one and returns how many it had, 0 at the end
    /// of a type, and nil where there is nothing to read at all.
    private func read(
        _ name: String,
        _ types: () async throws -> [String],
        _ page: (String, Int, inout Progress, FileHandle) async throws -> Int?
    ) async throws -> Progress? {
        var progress = Progress(types: [])
        if let known = self.progress(name) {
            progress = known
        } else {
            progress.types = try await types()
        }
        if progress.isDone { return progress }
        let path = file(name).path
        if !FileManager.default.fileExists(atPath: path) {
            let isMade = FileManager.default.createFile(
                atPath: path,
                contents: nil,
                attributes: [.posixPermissions: 0o600]
            )
            guard isMade else { throw SourceError("`\(path)` cannot be written.") }
        }
        let handle = try FileHandle(forWritingTo: file(name))
        defer { try? handle.close() }
        // What came after the last page that was noted is read again.
        try handle.truncate(atOffset: UInt64(progress.bytes))
        while progress.type < progress.types.count {
            let type = progress.types[progress.type]
            guard let count = try await page(type, progress.offset, &progress, handle) else {
                return nil
            }
            progress.offset += count
            if count == 0 { (progress.type, progress.offset) = (progress.type + 1, 0) }
            progress.bytes = Int(try handle.offset())
            try save(progress, name)
        }
        progress.isDone = true
        try save(progress, name)
        return progress
    }

    private func readEntities() async throws -> Progress {
        let progress = try await read("entities", source.types) { type, offset, progress, file in
            let page = try await source.entities(of: type, from: offset)
            for json in page {
                guard source.dialect == .ngsiV2 else {
                    try file.write(contentsOf: Data(json.serialized + [0x0A]))
                    continue
                }
                let foreign = ForeignEntity(json)
                progress.problems += foreign.problems
                guard let entity = foreign.entity else { continue }
                let line = JSONValue.object(entity).serialized + [0x0A]
                try file.write(contentsOf: Data(line))
            }
            return page.count
        }
        return progress ?? Progress(types: [])
    }

    /// Returns false when there are no histories.
    private func readHistories(of types: [String]) async throws -> Bool {
        let progress = try await read("history", { types }) { type, offset, progress, file in
            try await source.evolutions(of: type, from: offset) { evolution in
                try file.write(contentsOf: Data(evolution.serialized + [0x0A]))
            }
        }
        return progress != nil
    }

    // MARK: Loading

    private func load(
        _ name: String,
        _ show: (String, ImportTally) -> Void,
        _ open: (FileBytes) -> some ImportSource
    ) async throws -> ImportTally {
        let journal = ImportJournal(
            folder: ImportOptions.journalFolder(),
            identity: "\(identity)\n\(name)"
        )
        let bytes = try FileBytes(path: file(name).path)
        return try await ImportRun(hub: hub, journal: journal).run(open(bytes)) { show(name, $0) }
    }

    // MARK: Subscriptions

    /// What a broker itself says of a subscription, and nobody may set.
    private static let ofTheBroker: Set = [
        "status", "createdAt", "modifiedAt", "origin", "@context", "lastNotification",
    ]
    private static let ofNotifications: Set = [
        "status", "timesSent", "timesFailed", "lastNotification", "lastFailure", "lastSuccess",
    ]

    private func copySubscriptions(_ outcome: inout Outcome) async throws {
        var (offset, made, present) = (0, 0, 0)
        while true {
            let page = try await source.subscriptions(from: offset)
            if page.isEmpty { break }
            offset += page.count
            for subscription in page {
                let body = JSONValue.object(settable(subscription)).serialized
                guard let reason = try await refusal(of: body) else {
                    made += 1
                    continue
                }
                if reason.hasPrefix("409") {
                    present += 1
                    continue
                }
                outcome.failures += 1
                let id = subscription["id"]?.stringValue ?? ""
                outcome.lines.append("The hub refused the subscription `\(id)`: \(reason)")
            }
        }
        let state = activatesSubscriptions ? "" : ", paused"
        outcome.lines.append("subscriptions: \(made) copied\(state), \(present) there already")
    }

    /// Creates the subscription; returns the reason when the hub refuses it.
    private func refusal(of subscription: [UInt8]) async throws -> String? {
        do {
            _ = try await hub.post("/ngsi-ld/v1/subscriptions", subscription)
            return nil
        } catch HubFailure.refused(let reason) {
            return reason
        }
    }

    private func settable(_ given: JSONObject) -> JSONObject {
        var subscription = given
        subscription.members.removeAll { Self.ofTheBroker.contains($0.key) }
        if var notification = subscription["notification"]?.objectValue {
            notification.members.removeAll { Self.ofNotifications.contains($0.key) }
            subscription["notification"] = .object(notification)
        }
        if !activatesSubscriptions { subscription["isActive"] = false }
        return subscription
    }

    // MARK: Comparing

    /// Counts the entities of each type there and here.
    private func compare(_ types: [String], _ outcome: inout Outcome) async throws {
        let here = BrokerReader(hub, .ngsiLD)
        for type in types {
            let there = try await source.count(of: type)
            let own = try await here.count(of: type) ?? 0
            let said = there.map { "\($0)" } ?? "an unknown number of"
            outcome.lines.append("\(type): \(said) entities there, \(own) here")
            if let there, own < there { outcome.failures += 1 }
        }
    }

    /// Compares how many readings each entity has in the copied file and in this hub.
    private func compareHistories(_ types: [String], _ outcome: inout Outcome) async throws {
        let there = try EvolutionCounts(file: try FileBytes(path: file("history").path))
        var own = EvolutionCounts()
        let here = BrokerReader(hub, .ngsiLD)
        for type in types {
            var offset = 0
            while true {
                let count = try await here.evolutions(of: type, from: offset) { evolution in
                    if case .object(let evolution) = evolution { own.add(evolution) }
                }
                guard let count, count > 0 else { break }
                offset += count
            }
        }
        outcome.lines.append("history: \(there.total) readings there, \(own.total) here")
        let lacks = there.lacks(of: own)
        outcome.failures += lacks.count
        for lack in lacks.prefix(Self.maximumProblems) {
            outcome.lines.append(
                "`\(lack.id)` has \(lack.there) readings there, and \(lack.here) here"
            )
        }
    }
}

extension BrokerCopy.Outcome {
    /// Adds what became of a file.
    mutating func take(_ tally: ImportTally, _ name: String) {
        failures += tally.failures
        lines += tally.problems.prefix(50).map { "\($0)" }
        var text = "\(name): \(tally.entities) entities"
        if tally.readings > 0 { text = "\(name): \(tally.readings) readings" }
        if tally.resumedRecords > 0 {
            text += ", \(tally.resumedRecords) records of an earlier run"
        }
        lines.append("\(text), \(tally.failures) failures")
    }
}
