import Crypto
import Foundation
import Glibc

/// Reads a backup from its first byte to its last, and accepts it only as a whole.
struct BackupReader {
    private static let pieceBytes = 1 << 20
    /// The most bytes of a list of checksums: each file has a line of less than 200.
    private static let maximumSumsBytes = 16 << 20

    /// Where the content of a file goes; nil to read past it.
    typealias Sink = (_ file: String) throws -> ((_ piece: [UInt8]) throws -> Void)?

    private let path: String
    private let file: FileHandle

    init(path: String) throws {
        self.path = path
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw BackupError.system(.unreadable, path, "cannot be read") }
        file = FileHandle(fileDescriptor: opened, closeOnDealloc: true)
    }

    /// Reads all files, in their order, and returns their names.
    ///
    /// What went to a sink is not to be used before this returns: the checksums are at the end. Throws
    /// `BackupError` for a file that is no backup, is cut off, or is not what was written.
    func readAll(into sink: Sink) throws -> [String] {
        var sums: [String: String] = [:]
        var names: [String] = []
        while true {
            guard let header = TarHeader(try block()) else {
                throw damaged(
                    names.isEmpty ? "is no backup of a hub" : "is damaged after \(names.last ?? "")"
                )
            }
            if header.name == BackupContent.sums {
                try compare(try content(of: header), with: sums)
                try requireEnd()
                return names
            }
            if names.isEmpty {
                guard header.name == BackupContent.label else {
                    throw damaged("is no backup of a hub")
                }
            } else {
                guard BackupContent.allows(header.name) else {
                    throw damaged("has a file \"\(header.name)\", which no backup has")
                }
            }
            guard !names.contains(header.name) else {
                throw damaged("has \(header.name) twice")
            }
            let take = names.isEmpty ? nil : try sink(header.name)
            names.append(header.name)
            sums[header.name] = try pass(header, to: take)
        }
    }

    /// Passes the content on, and returns its checksum.
    private func pass(_ header: TarHeader, to take: (([UInt8]) throws -> Void)?) throws -> String {
        var hash = SHA256()
        var rest = header.size
        while rest > 0 {
            let piece = try bytes(min(rest, Self.pieceBytes))
            hash.update(data: piece)
            try take?(piece)
            rest -= piece.count
        }
        _ = try bytes(header.paddingBytes)
        return hash.finalize().hexText
    }

    private func content(of header: TarHeader) throws -> [UInt8] {
        guard header.size <= Self.maximumSumsBytes else { throw damaged("has too many checksums") }
        let content = try bytes(header.size)
        _ = try bytes(header.paddingBytes)
        return content
    }

    /// Throws unless the list has exactly the files that were there, with their checksums.
    private func compare(_ list: [UInt8], with sums: [String: String]) throws {
        var listed: [String: String] = [:]
        for line in String(decoding: list, as: UTF8.self).split(separator: "\n") {
            guard let parts = line.wholeMatch(of: /([0-9a-f]{64})  (.+)/)?.output else {
                throw damaged("has no list of checksums")
            }
            listed[String(parts.2)] = String(parts.1)
        }
        for (name, sum) in sums.sorted(by: { $0.key < $1.key }) where listed[name] != sum {
            throw damaged("is damaged: \(name) is not what was written")
        }
        guard listed.count == sums.count else { throw damaged("is damaged: it lacks files") }
    }

    private func requireEnd() throws {
        for _ in 0..<2 where try block().contains(where: { $0 != 0 }) {
            throw damaged("goes on after its end")
        }
    }

    private func block() throws -> [UInt8] { try bytes(TarHeader.blockBytes) }

    private func bytes(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            guard let piece = try file.read(upToCount: count - bytes.count), !piece.isEmpty else {
                throw damaged("is cut off, or no backup of a hub")
            }
            bytes += piece
        }
        return bytes
    }

    private func damaged(_ what: String) -> BackupError {
        BackupError(.damaged, "\(path) \(what).")
    }
}
