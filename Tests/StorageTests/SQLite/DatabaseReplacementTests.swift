import ContextModel
import Foundation
import Storage
import Testing

@testable import StorageSQLite

/// Databases that are put in place of others, and what is there when that stops at any moment.
@Suite struct DatabaseReplacementTests {
    private struct PowerFailure: Error {}

    /// A hub's folder with a tenant, a snapshot, a record and a token, and new files to take their places.
    private final class HubFolder {
        let path = NSTemporaryDirectory() + "balai-replacement-\(UUID().uuidString)"

        init() throws {
            for name in ["tenants", "snapshots"] {
                try FileManager.default.createDirectory(
                    atPath: "\(path)/\(name)",
                    withIntermediateDirectories: true
                )
            }
            for name in ["hub.sqlite", "tenants/north.sqlite", "tenants/south.sqlite"] {
                try put("old", in: name)
            }
            for name in [
                "hub.sqlite-wal", "snapshots/x.sqlite", "record.sqlite", "operator.token",
                "city.json",
            ] {
                try put("old", in: name)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func put(_ text: String, in name: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        }

        func text(_ name: String) -> String? {
            FileManager.default.contents(atPath: "\(path)/\(name)")
                .map { String(decoding: $0, as: UTF8.self) }
        }

        /// The files that matter, by their content; without what a replacement keeps beside.
        var state: [String: String] {
            let names = [
                "hub.sqlite", "hub.sqlite-wal", "tenants/north.sqlite", "tenants/south.sqlite",
                "snapshots/x.sqlite", "record.sqlite", "operator.token", "hub.key", "city.json",
            ]
            return Dictionary(
                uniqueKeysWithValues: names.compactMap { name in
                    text(name).map { (name, $0) }
                }
            )
        }

        var names: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        }

        /// Replaces everything, with a failure of power after this many renames.
        func replace(failingAfter renames: Int) throws {
            var left = renames
            let replacement = try DatabaseReplacement(folder: path, stamp: "1") { old, new in
                left -= 1
                if left < 0 { throw PowerFailure() }
                try DatabaseReplacement.renamed(old, new)
            }
            let incoming = String(replacement.incoming.dropFirst(path.utf8.count + 1))
            for name in ["hub.sqlite", "tenants/north.sqlite", "tenants/west.sqlite"] {
                try put("new", in: "\(incoming)/\(name)")
            }
            try put("new", in: "\(incoming)/operator.token")
            try put("new", in: "\(incoming)/city.json")
            try put("new", in: "\(incoming)/hub.key")
            try replacement.commit()
        }
    }

    private static let before = [
        "hub.sqlite": "old", "hub.sqlite-wal": "old", "tenants/north.sqlite": "old",
        "tenants/south.sqlite": "old", "snapshots/x.sqlite": "old", "record.sqlite": "old",
        "operator.token": "old", "city.json": "old",
    ]
    private static let after = [
        "hub.sqlite": "new", "tenants/north.sqlite": "new", "record.sqlite": "old",
        "operator.token": "old", "hub.key": "new", "city.json": "new",
    ]

    @Test func `new databases take the places of all that were there`() throws {
        let folder = try HubFolder()
        try folder.replace(failingAfter: .max)
        #expect(folder.state == Self.after)
        #expect(folder.text("tenants/west.sqlite") == "new")
        #expect(folder.text("replaced-1/tenants/south.sqlite") == "old")
        #expect(folder.text("replaced-1/hub.sqlite-wal") == "old")
        #expect(folder.text("replaced-1/city.json") == "old")
        #expect(!folder.names.contains { $0.hasPrefix("restore-") }, "\(folder.names)")
    }

    @Test func `stopped at any moment, all of it is in place after the next start, or nothing`()
        throws
    {
        var outcomes: Set<Bool> = []
        for renames in 0..<20 {
            let folder = try HubFolder()
            do {
                try folder.replace(failingAfter: renames)
                #expect(outcomes == [true, false], "no failure leaves either of the two")
                return
            } catch is PowerFailure {}
            try DatabaseReplacement.finish(in: folder.path)
            let isNew = folder.state == Self.after
            #expect(isNew || folder.state == Self.before, "after \(renames): \(folder.state)")
            #expect(!folder.names.contains { $0.hasPrefix("restore-") }, "\(folder.names)")
            outcomes.insert(isNew)
        }
        Issue.record("more renames than there are files")
    }

    @Test func `new files that could not be placed are not thrown away`() throws {
        let folder = try HubFolder()
        var left = 1
        let replacement = try DatabaseReplacement(folder: folder.path, stamp: "1") { old, new in
            left -= 1
            if left < 0 { throw PowerFailure() }
            try DatabaseReplacement.renamed(old, new)
        }
        try Data("new".utf8).write(to: URL(filePath: replacement.incoming + "/hub.sqlite"))
        #expect(!replacement.isComplete)
        #expect(throws: PowerFailure.self) { try replacement.commit() }
        #expect(replacement.isComplete)
        replacement.discard()
        try DatabaseReplacement.finish(in: folder.path)
        #expect(folder.text("hub.sqlite") == "new")
        #expect(folder.text("replaced-1/hub.sqlite") == "old")
    }

    @Test func `a second replacement at the same moment leaves what the first one replaced`() throws
    {
        let folder = try HubFolder()
        try folder.replace(failingAfter: .max)
        try folder.replace(failingAfter: .max)
        #expect(folder.text("replaced-1/hub.sqlite") == "old")
        #expect(folder.text("replaced-1-2/hub.sqlite") == "new")
    }

    @Test func `a record that is replaced takes the note of its damage along`() throws {
        let folder = try HubFolder()
        try folder.put("old", in: "record.damage")
        let replacement = try DatabaseReplacement(folder: folder.path, stamp: "1")
        for name in ["hub.sqlite", "record.sqlite"] {
            try Data("new".utf8).write(to: URL(filePath: "\(replacement.incoming)/\(name)"))
        }
        try replacement.commit()
        #expect(folder.text("record.sqlite") == "new" && folder.text("record.damage") == nil)
        #expect(folder.text("replaced-1/record.damage") == "old")
    }

    @Test(.enabled(if: FileManager.default.isWritableFile(atPath: "/dev/shm")))
    func `a part of the folder on another file system is refused`() throws {
        let folder = try HubFolder()
        let other = "/dev/shm/balai-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: other) }
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/witnessed",
            withDestinationPath: other
        )
        let error = #expect(throws: StorageError.self) {
            try folder.replace(failingAfter: .max)
        }
        #expect(error?.note.contains("another file system") == true)
        #expect(folder.state == Self.before)
        #expect(!folder.names.contains { $0.hasPrefix("restore-") }, "\(folder.names)")
    }

    @Test func `a folder in use is left alone`() async throws {
        let path = NSTemporaryDirectory() + "balai-replacement-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try SQLiteStore(folder: path) { Timestamp(microseconds: 0) }
        let error = #expect(throws: StorageError.self) {
            try DatabaseReplacement(folder: path, stamp: "1")
        }
        #expect(error?.code == .locked)
        await store.close()
    }

    @Test func `a database of a newer hub, a foreign one and a damaged one are refused`()
        async throws
    {
        let path = NSTemporaryDirectory() + "balai-replacement-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try SQLiteStore(folder: path) { Timestamp(microseconds: 0) }
        await store.close()
        let replacement = try DatabaseReplacement(folder: path, stamp: "1")
        let new = replacement.incoming + "/hub.sqlite"
        for statement in [
            "PRAGMA user_version = \(Schema.version + 1)", "PRAGMA application_id = 7",
        ] {
            try SQLiteStore.copy(database: path + "/hub.sqlite", to: new)
            #expect(throws: Never.self) { try replacement.check() }
            try Connection(path: new, access: .readWrite).execute(statement)
            #expect(throws: StorageError.self) { try replacement.check() }
            try FileManager.default.removeItem(atPath: new)
        }
        try Data(repeating: 7, count: 8_192).write(to: URL(filePath: new))
        #expect(throws: StorageError.self) { try replacement.check() }
        replacement.discard()
    }
}
