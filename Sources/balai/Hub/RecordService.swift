import Foundation
import Gateway
import Logging
import Record
import ServiceLifecycle
import StorageSQLite

/// Keeps the public record of a hub at work: signs checkpoints, looks at all of it once after the start,
/// and closes it when everything before it has stopped.
struct RecordService: Service {
    let record: RecordWriter
    private let logger: Logger

    /// Opens the record of the folder, and makes it and its key if there are none.
    ///
    /// A record that is not what was signed is told in the log: the hub then answers nothing about people,
    /// and everything else.
    init(in folder: DataFolder, of publicURL: String?, _ logger: Logger) throws {
        var random = SystemRandomNumberGenerator()
        let name = DataFolder.recordName(publicURL: publicURL, &random)
        let signer = try folder.recordSigner(named: name)
        let opening = SQLiteRecordStore.open(folder: folder.path, key: signer.key)
        record = RecordWriter(opening, signer: signer)
        self.logger = logger
        tellDamage()
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.sign() }
                group.addTask { await self.check() }
            }
            // A service that ends would stop the hub.
            try? await gracefulShutdown()
        }
        await record.close()
    }

    private func sign() async {
        do {
            try await record.keepSigning {
                try await Task.sleep(for: $0)
            } failed: {
                logger.error("the record is not signed: \($0)")
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error("the record is not signed any more: \(error)")
        }
    }

    private func check() async {
        do {
            try await record.checkAll { try await Task.sleep(for: .milliseconds(20)) }
            tellDamage()
        } catch is CancellationError {
            return
        } catch {
            logger.error("the record could not be looked at: \(error)")
        }
    }

    private func tellDamage() {
        guard case .damaged(let note) = record.state else { return }
        logger.critical(
            """
            The public record is damaged, so nothing about people is answered. \(note) \
            docs/operating.md says what to do.
            """
        )
    }
}
