import ContextModel
import Foundation
import Processes
import Testing

/// Files that `balai import` loads, one after the other, while the hub is killed and started.
///
/// Each has the same entities with its own number.
struct ImportedFile {
    private static let type = "Imported"
    private static let count = 10_000

    private let folder: TestFolder
    private var number = 1
    /// The acknowledged lines of the present file.
    private var acknowledged = 0
    /// How often an import continued after a kill.
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

    /// Waits until a part of the present file is acknowledged.
    ///
    /// A batch is written in portions, so the hub may have a part of one that is not acknowledged
    /// yet.
    func begins(_ stored: StoredState) async throws {
        let query = "type=\(Self.type)&q=file==\(number)"
        while try await stored.count(query) ?? 0 < Self.count {
            // The journal may be removed or replaced meanwhile.
            if let known = try? journal(), known > 0 { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Notes the acknowledged lines of an import that has ended.
    mutating func ended(_ ending: ChildProcess.Ending) throws {
        // The journal is removed at the end, so a killed import may have been complete.
        let journal = try journal()
        let isDone = ending == .exited(0) || (journal == nil && acknowledged > 0)
        let now = isDone ? Self.count : journal ?? 0
        #expect(now >= acknowledged, "the import began anew")
        acknowledged = now
    }

    /// Checks what was acknowledged; when that is everything, continues with the next file.
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

    /// An import that was killed at its very end leaves one that is not used any more.
    private var state: String { "\(folder.path)/state-\(number)" }

    /// The acknowledged lines by the journal; nil without one.
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
