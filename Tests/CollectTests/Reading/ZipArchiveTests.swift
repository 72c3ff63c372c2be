import Foundation
import Testing

@testable import Collect

@Suite struct ZipArchiveTests {
    /// Archives for these tests: a feed in a folder, a path that leads outside, a repeated name.
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

    /// Opens the archive from a file and passes it on.
    private func withArchive<Result>(
        _ base64: String,
        _ body: (ZipArchive) throws -> Result
    ) throws -> Result {
        let file = URL.temporaryDirectory.appending(path: "balai-\(UUID().uuidString).zip")
        try #require(Data(base64Encoded: base64)).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return try body(ZipArchive(path: file.path))
    }

    @Test func `files are found in any folder and read whole`() throws {
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

    @Test func `a repeated file is refused`() {
        #expect(throws: SourceError.self) {
            try withArchive(Self.twice) { try $0.entry(named: "stops.txt") }
        }
    }

    @Test func `a file that is not an archive is refused with the reason`() throws {
        let text = Data("no archive".utf8).base64EncodedString()
        #expect(throws: SourceError.self) { try withArchive(text) { _ in } }
        #expect(throws: SourceError("`/nowhere.zip`: No such file.")) {
            try ZipArchive(path: "/nowhere.zip")
        }
    }

    // MARK: Large contents

    /// Unpacks the only file of an archive, which announces this many bytes, all of them zero.
    private func unpack(zeros count: Int) throws -> Int {
        try withArchive(ZeroArchive(count).bytes.base64EncodedString()) { archive in
            let entry = try #require(try archive.entry(named: "stops.txt"))
            var unpacked = 0
            while case let piece = try entry.nextPiece(), !piece.isEmpty { unpacked += piece.count }
            return unpacked
        }
    }

    @Test func `a small archive may unpack to some megabytes`() throws {
        #expect(try unpack(zeros: 4_000_000) >= 4_000_000)
    }

    @Test func `an archive that unpacks to more than a hundred times its size is stopped`() {
        #expect {
            try unpack(zeros: ZipArchive.leastBytes + (4 << 20))
        } throws: { error in
            "\(error)".contains("which is more than 100 times its size")
        }
    }
}

/// An archive with one file of zeros, compressed with the fixed codes of RFC 1951 to less than a
/// hundredth.
private struct ZeroArchive {
    let bytes: Data
    private static let name = Array("stops.txt".utf8)
    private static let runLength = 258

    /// Creates an archive of at least this many zeros.
    init(_ count: Int) {
        let runs = (count + Self.runLength - 1) / Self.runLength
        var bits = Bits()
        bits.append(0b110, count: 3)  // The last block, with the fixed codes.
        bits.append(0b0011_0000, count: 8)  // A zero,
        for _ in 0..<runs { bits.append(0b1100_0101_0_0000, count: 13) }  // and what was before it.
        bits.append(0, count: 7)
        let size = 1 + runs * Self.runLength
        let sum = Self.checksum(ofZeros: size)
        let fields =
            Self.number(20, 2) + Self.number(0, 2) + Self.number(8, 2) + Self.number(0, 4)
            + Self.number(sum, 4) + Self.number(bits.bytes.count, 4) + Self.number(size, 4)
            + Self.number(Self.name.count, 2) + Self.number(0, 2)
        let local = [0x50, 0x4B, 3, 4] + fields + Self.name + bits.bytes
        let central =
            [0x50, 0x4B, 1, 2] + Self.number(20, 2) + fields + Self.number(0, 14) + Self.name
        let end =
            [0x50, 0x4B, 5, 6] + Self.number(0, 4) + Self.number(1, 2) + Self.number(1, 2)
            + Self.number(central.count, 4) + Self.number(local.count, 4) + Self.number(0, 2)
        bytes = Data(local + central + end)
    }

    private static func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * $0)) : 0 }
    }

    /// CRC-32.
    private static func checksum(ofZeros count: Int) -> Int {
        let table = (0..<UInt32(256)).map { byte in
            (0..<8).reduce(byte) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
        }
        var sum = UInt32.max
        for _ in 0..<count { sum = table[Int(sum & 0xFF)] ^ sum >> 8 }
        return Int(~sum)
    }

    /// Writes codes, highest bit first, into bytes that are filled from their lowest bit.
    private struct Bits {
        var bytes: [UInt8] = []
        private var used = 0

        mutating func append(_ code: Int, count: Int) {
            for place in (0..<count).reversed() {
                if used % 8 == 0 { bytes.append(0) }
                if code >> place & 1 == 1 { bytes[bytes.count - 1] |= 1 << UInt8(used % 8) }
                used += 1
            }
        }
    }
}
