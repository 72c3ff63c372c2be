import Broker
import ContextModel
import Foundation
import Gateway
import Logging
import Record
import ServiceLifecycle
import StorageSQLite
import Synchronization

/// Keeps the public record of a hub at work: looks at all of it once after the start, and closes it when
/// everything before it has stopped.
struct RecordService: Service {
    let record: RecordWriter
    /// Answers as a witness of others' records, and follows them; nil where there are none.
    let desk: WitnessDesk?
    /// Stamps what is published; nil where nobody is promised that.
    private let stamper: NoteSigner?
    private let logger: Logger

    /// Opens the record of the folder, and makes it and its key if there are none.
    ///
    /// A record that is not what was signed is told in the log: the hub then answers nothing about people,
    /// and everything else. In a network the hub is a witness of its members' records, too.
    init(
        in folder: DataFolder,
        of publicURL: String?,
        following others: [NoteKey],
        inNetwork: Bool,
        _ logger: Logger
    ) throws {
        var random = SystemRandomNumberGenerator()
        let name = DataFolder.recordName(publicURL: publicURL, &random)
        let signer = try folder.recordSigner(named: name)
        let opening = SQLiteRecordStore.open(folder: folder.path, key: signer.key)
        record = RecordWriter(opening, signer: signer)
        if others.isEmpty, !inNetwork {
            (desk, stamper) = (nil, nil)
        } else {
            let name = DataFolder.witnessName(publicURL: publicURL, &random)
            let signer = try folder.witnessSigner(named: name)
            desk = WitnessDesk(
                Witness(signer: signer, records: others),
                WitnessedFiles(in: folder.path)
            )
            stamper = inNetwork ? signer : nil
        }
        self.logger = logger
        tellDamage()
    }

    /// What publishes the record, with the signatures of these witnesses and of members of the network.
    func publishing(
        _ witnesses: [AskedWitness],
        _ networking: Networking,
        _ client: any WitnessClient
    ) -> PublishingService {
        let publisher = RecordPublisher(
            record,
            witnesses: witnesses,
            members: { [logger] in
                do { return try await networking.witnesses() } catch {
                    logger.error("the members cannot be asked as witnesses: \(error)")
                    return []
                }
            },
            stamper: stamper,
            client: client,
            clock: { Timestamp(Date()) },
            tell: { [logger] in logger.warning("\($0)") }
        )
        return PublishingService(publisher: publisher, logger: logger)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await check()
            // A service that ends would stop the hub.
            try? await gracefulShutdown()
        }
        await record.close()
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

/// Publishes checkpoints of the record while there is something that asks witnesses.
struct PublishingService: Service {
    let publisher: RecordPublisher
    fileprivate let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await publish()
            // A service that ends would stop the hub.
            try? await gracefulShutdown()
        }
    }

    private func publish() async {
        // A record that is damaged stays so: each reason is told once.
        let told = Mutex("")
        do {
            try await publisher.keepPublishing {
                try await Task.sleep(for: $0)
            } failed: { error in
                let reason = "\(error)"
                let isNew = told.withLock { last in
                    defer { last = reason }
                    return last != reason
                }
                if isNew { logger.error("the record is not published: \(reason)") }
            }
        } catch is CancellationError {
            return
        } catch {
            logger.error("the record is not published any more: \(error)")
        }
    }
}
