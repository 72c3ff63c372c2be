import Foundation
import Glibc

/// The file in the data folder with the address of the running hub, for commands on this machine.
///
/// It is locked while the hub runs. The content without a lock does not count, because another
/// program may listen on that port after the hub was killed.
final class AddressFile: Sendable {
    private let descriptor: Int32

    /// Opens and locks the file; nil if that fails, and then commands need the address as an
    /// option.
    convenience init?(_ folder: DataFolder) {
        guard let descriptor = Self.locked(folder.addressPath) else { return nil }
        self.init(locked: descriptor)
        ftruncate(descriptor, 0)
    }

    private init(locked descriptor: Int32) { self.descriptor = descriptor }

    private static func locked(_ path: String) -> Int32? {
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { return nil }
        // A command that reads the file has the lock for a short time.
        for _ in 0..<lockAttempts {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
            poll(nil, 0, lockPauseMilliseconds)
        }
        close(descriptor)
        return nil
    }

    private static let lockAttempts = 20
    private static let lockPauseMilliseconds: Int32 = 5

    deinit {
        ftruncate(descriptor, 0)
        close(descriptor)
    }

    func write(_ url: String) {
        let bytes = Array(url.utf8) + [0x0A]
        _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
}

extension DataFolder {
    var addressPath: String { path + "/address" }

    /// The address of the running hub of this folder; nil when none runs.
    var address: String? {
        let descriptor = open(addressPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
        let text = try? String(contentsOfFile: addressPath, encoding: .utf8)
        let url = text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        return url.isEmpty ? nil : url
    }
}
