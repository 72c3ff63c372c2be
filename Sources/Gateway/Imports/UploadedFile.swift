import Broker
import Foundation
import Hummingbird
import NIOCore

/// The body of a request in a file, which is removed after reading.
///
/// It must be a file because a ZIP archive is read from its end.
struct UploadedFile {
    let path: String
    private let folder: URL

    /// Writes the body to `name` in a new folder; throws when it is longer than `limit` bytes.
    init(_ request: Request, name: String, in spool: URL, limit: Int) async throws {
        folder = spool.appending(path: "balai-import-\(UUID().uuidString)")
        path = folder.appending(path: name).path
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        do {
            try await write(request, limit)
        } catch {
            remove()
            throw error
        }
    }

    private func write(_ request: Request, _ limit: Int) async throws {
        try Self.storing { try Data().write(to: URL(filePath: path)) }
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? file.close() }
        var count = 0
        for try await part in request.body {
            count += part.readableBytes
            guard count <= limit else {
                throw BrokerError(
                    .payloadTooLarge,
                    "A file may have \(limit) bytes here; send it in parts, or use balai import."
                )
            }
            try Self.storing { try file.write(contentsOf: Data(part.readableBytesView)) }
        }
    }

    /// Runs `write`, and turns a full disk into the hub's own error.
    private static func storing(_ write: () throws -> Void) throws {
        do { try write() } catch let error as NSError {
            let system = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
            let isFull =
                system.domain == NSPOSIXErrorDomain
                && [ENOSPC, EDQUOT, EFBIG].contains(Int32(truncatingIfNeeded: system.code))
            guard isFull || error.code == CocoaError.fileWriteOutOfSpace.rawValue else {
                throw error
            }
            throw BrokerError(
                .storageFull,
                "The hub's disk is too full for the file: nothing of it was read."
            )
        }
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }

    /// A sentence about the file without the path of its folder.
    func plain(_ sentence: String) -> String {
        sentence.replacing(folder.path + "/", with: "")
    }
}
