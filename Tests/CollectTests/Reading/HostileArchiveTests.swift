import Archives
import Foundation
import Testing

@testable import Collect

/// Archives with false contents.
@Suite struct HostileArchiveTests {
    /// Opens the archive from a file, and returns the reason of the refusal.
    private func refusal(
        _ bytes: [UInt8],
        _ body: (String) throws -> Void = { _ = try ZipArchive(path: $0) }
    ) throws -> String? {
        let file = URL.temporaryDirectory.appending(path: "balai-\(UUID().uuidString).zip")
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        do {
            try body(file.path)
            return nil
        } catch let error as SourceError {
            return error.description
        }
    }

    @Test func `an archive of very many entries is refused before they are read`() throws {
        let bytes = Archive.listing(1_000_000)
        let before = try Self.residentMebibytes
        let refusal = try #require(try refusal(bytes))
        #expect(refusal.contains("1000 are the limit"))
        // libzip would keep three hundred bytes for each.
        #expect(try Self.residentMebibytes < before + 150)
    }

    @Test(
        arguments: [(1 << 40, 100), (10, 1 << 40), (1_001, 46_046), (10, (1 << 20) + 1)]
            as [(Int, Int)]
    )
    func `the announced directory of an archive has a limit`(entries: Int, bytes: Int) throws {
        let archive = Archive.promising(entries: entries, bytes: bytes)
        #expect(try refusal(archive)?.contains("are the limit") == true)
    }

    /// A pipe such as the shell creates for the output of a program.
    @Test func `a pipe is not an archive`() throws {
        let pipe = Pipe()
        let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
        try pipe.fileHandleForWriting.close()
        #expect(throws: SourceError.self) { try ZipArchive(path: path) }
    }

    @Test func `an archive of a thousand entries is opened`() throws {
        #expect(try refusal(Archive.listing(1_000)) == nil)
    }

    @Test(arguments: [1 << 62, 1 << 63 - 1, 9 << 30] as [UInt64])
    func `a feed whose files announce too great lengths is refused`(bytes: UInt64) throws {
        let refusal = try refusal(Archive.claiming(bytes, for: Archive.smallFeed)) {
            _ = try GTFSFeed(path: $0)
        }
        #expect(refusal?.contains("which is more than 100 times its size") == true)
    }

    @Test func `a file that unpacks to more than announced is stopped`() throws {
        let refusal = try refusal(Archive.lineEnds(mebibytes: 40, in: "stops.txt")) { path in
            let entry = try #require(try ZipArchive(path: path).entry(named: "stops.txt"))
            while try !entry.nextPiece().isEmpty {}
        }
        #expect(refusal?.contains("which is more than 100 times its size") == true)
    }

    private static var residentMebibytes: Int {
        get throws {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let resident = status.firstMatch(of: /VmRSS:\s*(\d+) kB/)?.output.1
            return try #require(resident.flatMap { Int($0) }) / 1_024
        }
    }
}
