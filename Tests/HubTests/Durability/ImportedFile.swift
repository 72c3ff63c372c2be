import ContextModel
import Foundation
import Processes
import Testing

/// Files that `balai import` loads, one after the other, while the hub comes and goes.
///
/// Each tells of the same entities and gives them its own number.
struct ImportedFile {
    private static let type = "Imported"
    private static let count = 10_000

    private let folder: TestFolder
    private var number = 1
    /// What of the present file is acknowledged.
    private var acknowledged = 0
    /// How often an import went on where the one before was killed.
    private(set) var resumptions = 0

    init(folder: TestFolder) throws {
        self.folder = folder
        try write()
    }

    private var path: String { "\(folder.path)/import-\(number).ndjson" }

    private func write() throws {
        let lines = (0..<Self.count).map { index in
            """
            {"id":"urn:x:\(index)","type":"\(Self.type)",\
            "index":{"value":\(index)},"file":{"value":\(number)}}\n
            """
        }
        try Data(lines.joined().utf8).write(to: URL(filePath: path))
    }

    mutating func startImport(into hub: RealHub) throws -> ChildProcess {
        if acknowledged > 0 { resumptions += 1 }
        return try ChildProcess(
            ["import", "json", path, "--hub", hub.url],
            environment: ["XDG_STATE_HOME": state],
            log: folder.path + "/import.log"
        )
    }

    /// Waits until something of the present file is acknowledged.
    ///
    /// A batch is written in portions, so that what is in the hub may be of one not acknowledged yet.
    func begins(_ stored: StoredState) async throws {
        let query = "type=\(Self.type)&q=file==\(number)"
        while try await stored.count(query) ?? 0 < Self.count {
            // The journal may be gone, or another one, while it is looked at.
            if let known = try? journal(), known > 0 { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Notes what an import had acknowledged when it ended.
    mutating func ended(_ ending: ChildProcess.Ending) throws {
        // The journal goes when all is done, so that a killed import may have ended, too.
        let journal = try journal()
        let isDone = ending == .exited(0) || (journal == nil && acknowledged > 0)
        let now = isDone ? Self.count : journal ?? 0
        #expect(now >= acknowledged, "the import began anew")
        acknowledged = now
    }

    /// Looks for what was acknowledged; then, when all of it was, goes on with the next file.
    mutating func check(_ stored: StoredState) async throws {
        let query = "type=\(Self.type)&q=file==\(number);index%3C\(acknowledged)"
        let found = try await stored.count(query)
        #expect(found == acknowledged)
        guard acknowledged == Self.count else { return }
        try FileManager.default.removeItem(atPath: path)
        number += 1
        acknowledged = 0
        try write()
    }

    // MARK: The import's journal

    /// An import killed at its very end leaves one that nobody asks for any more.
    private var state: String { "\(folder.path)/state-\(number)" }

    /// How many lines the import says are in the hub; nil without a journal.
    private func journal() throws -> Int? {
        let imports = state + "/balai/imports"
        guard FileManager.default.fileExists(atPath: imports) else { return nil }
        let files = try FileManager.default.contentsOfDirectory(atPath: imports)
        let journals = files.filter { $0.hasPrefix("import-") && $0.hasSuffix(".json") }
        #expect(journals.count <= 1, "\(journals)")
        guard let journal = journals.first else { return nil }
        let bytes = Array(try Data(contentsOf: URL(filePath: "\(imports)/\(journal)")))
        let entry = try JSONReader.read(bytes).objectValue
        return try #require(entry?["acknowledgedRecords"]?.numberValue?.intValue)
    }
}
