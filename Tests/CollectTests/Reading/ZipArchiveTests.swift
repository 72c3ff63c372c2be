import Foundation
import Testing

@testable import Collect

@Suite struct ZipArchiveTests {
    /// Archives made for these tests: a feed in a folder, a path that leads outside, a name twice.
    private static let feed = """
        UEsDBBQAAAAAAAAAIVziITRKDgAAAA4AAAAOAAAAZmVlZC9zdG9wcy50eHRzdG9wX2lkCmEKYQph\
        ClBLAwQUAAAAAAAAACFcniWh6QoAAAAKAAAADwAAAGZlZWQvYWdlbmN5LnR4dGFnZW5jeV9pZApQ\
        SwECFAMUAAAAAAAAACFc4iE0Sg4AAAAOAAAADgAAAAAAAAAAAAAAgAEAAAAAZmVlZC9zdG9wcy50\
        eHRQSwECFAMUAAAAAAAAACFcniWh6QoAAAAKAAAADwAAAAAAAAAAAAAAgAE6AAAAZmVlZC9hZ2Vu\
        Y3kudHh0UEsFBgAAAAACAAIAeQAAAHEAAAAAAA==
        """
    private static let outside = """
        UEsDBBQAAAAAAAAAIVyDFtyMAQAAAAEAAAAMAAAALi4vc3RvcHMudHh0eFBLAQIUAxQAAAAAAAAA\
        IVyDFtyMAQAAAAEAAAAMAAAAAAAAAAAAAACAAQAAAAAuLi9zdG9wcy50eHRQSwUGAAAAAAEAAQA6\
        AAAAKwAAAAAA
        """
    private static let twice = """
        UEsDBBQAAAAAAAAAIVyDFtyMAQAAAAEAAAALAAAAYS9zdG9wcy50eHR4UEsDBBQAAAAAAAAAIVwV\
        Jtv7AQAAAAEAAAALAAAAYi9zdG9wcy50eHR5UEsBAhQDFAAAAAAAAAAhXIMW3IwBAAAAAQAAAAsA\
        AAAAAAAAAAAAAIABAAAAAGEvc3RvcHMudHh0UEsBAhQDFAAAAAAAAAAhXBUm2/sBAAAAAQAAAAsA\
        AAAAAAAAAAAAAIABKgAAAGIvc3RvcHMudHh0UEsFBgAAAAACAAIAcgAAAFQAAAAAAA==
        """

    /// Archives as some programs of Windows write them, with backslashes.
    private static let backslashes = """
        UEsDBBQAAAAAAAAAIVxsXwL6CgAAAAoAAAAOAAAAZmVlZFxzdG9wcy50eHRzdG9wX2lkCmEKUEsDBBQA\
        AAAAAAAAIVwAAAAAAAAAAAAAAAAFAAAAZmVlZFxQSwECFAMUAAAAAAAAACFcbF8C+goAAAAKAAAADgAA\
        AAAAAAAAAAAAgAEAAAAAZmVlZFxzdG9wcy50eHRQSwECFAMUAAAAAAAAACFcAAAAAAAAAAAAAAAABQAA\
        AAAAAAAAAAAAgAE2AAAAZmVlZFxQSwUGAAAAAAIAAgBvAAAAWQAAAAAA
        """
    private static let outsideByBackslash = """
        UEsDBBQAAAAAAAAAIVyDFtyMAQAAAAEAAAAMAAAALi5cc3RvcHMudHh0eFBLAQIUAxQAAAAAAAAAIVyD\
        FtyMAQAAAAEAAAAMAAAAAAAAAAAAAACAAQAAAAAuLlxzdG9wcy50eHRQSwUGAAAAAAEAAQA6AAAAKwAA\
        AAAA
        """

    /// Opens the archive from a file of its own and hands it on.
    private func withArchive<Result>(
        _ base64: String,
        _ body: (ZipArchive) throws -> Result
    ) throws -> Result {
        let file = URL.temporaryDirectory.appending(path: "balai-\(UUID().uuidString).zip")
        try #require(Data(base64Encoded: base64)).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(ZipArchive(path: file.path))
    }

    @Test func `files are found in whatever folder they lie and read whole`() throws {
        try withArchive(Self.feed) { archive in
            #expect(archive.entryNames == ["feed/stops.txt", "feed/agency.txt"])
            let entry = try #require(try archive.entry(named: "stops.txt"))
            #expect(entry.byteCount == 14)
            #expect(try entry.nextPiece() == Array("stop_id\na\na\na\n".utf8))
            #expect(try entry.nextPiece() == [])
            #expect(try archive.entry(named: "trips.txt") == nil)
        }
    }

    @Test func `backslashes in names separate folders`() throws {
        try withArchive(Self.backslashes) { archive in
            let entry = try #require(try archive.entry(named: "stops.txt"))
            #expect(try entry.nextPiece() == Array("stop_id\na\n".utf8))
            #expect(archive.entryNames.count == 1)
        }
        #expect(throws: SourceError.self) { try withArchive(Self.outsideByBackslash) { _ in } }
    }

    @Test func `a path that leads out of the archive is refused`() {
        #expect(throws: SourceError.self) { try withArchive(Self.outside) { _ in } }
    }

    @Test func `a file that is there twice is refused`() {
        #expect(throws: SourceError.self) {
            try withArchive(Self.twice) { try $0.entry(named: "stops.txt") }
        }
    }

    @Test func `what is no archive is refused with the reason`() throws {
        let text = Data("no archive".utf8).base64EncodedString()
        #expect(throws: SourceError.self) { try withArchive(text) { _ in } }
        #expect(throws: SourceError("`/nowhere.zip`: No such file.")) {
            try ZipArchive(path: "/nowhere.zip")
        }
    }
}
