import ContextModel
import Glibc
import Governance
import Storage
import StorageMemory
import StorageSQLite
import StoreDoubles
import Synchronization

/// Grants as Governance makes them for the operator and for a reader whom one rule covers.
enum Grants {
    static func read(
        _ condition: Condition = .everything,
        hidden: Set<IRI> = [],
        prohibiting prohibitions: [Prohibition] = []
    ) throws -> ReadGrant {
        let rule = Permission(
            assignee: .anyone,
            actions: [.read],
            target: condition,
            hiddenAttributes: hidden
        )
        let policy = Policy(permissions: [rule], prohibitions: prohibitions)
        let decision = policy.decideRead(Caller(party: .anonymous))
        guard case .grant(let grant) = decision else { throw Denied() }
        return grant
    }

    static func write() throws -> WriteGrant {
        guard
            case .grant(let grant) = Policy(permissions: []).decideWrite(Caller(party: .operator))
        else { throw Denied() }
        return grant
    }

    /// The grant of a party that may write what the condition covers.
    static func write(
        _ condition: Condition,
        prohibiting prohibitions: [Prohibition] = []
    ) throws -> WriteGrant {
        let rule = Permission(assignee: .anyone, actions: [.write], target: condition)
        let policy = Policy(permissions: [rule], prohibitions: prohibitions)
        let decision = policy.decideWrite(Caller(party: .anonymous))
        guard case .grant(let grant) = decision else { throw Denied() }
        return grant
    }

    /// The hub's own grant to deliver messages of the outbox.
    static let delivering = InternalGrant(.delivering)

    struct Denied: Error {}
}

/// The place of a test's store: a folder that is removed after the test, or memory.
final class Folder: Sendable {
    let path: String
    let memory = SharedMemory()

    init() {
        var template = Array("/tmp/balai-storage-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer {
            $0.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/nonexistent"
        }
    }

    deinit {
        for name in ["tenants", "snapshots", "witnessed", ""] { Self.empty("\(path)/\(name)") }
    }

    private static func empty(_ path: String) {
        guard let directory = opendir(path) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { unlink("\(path)/\(name)") }
        }
        rmdir(path)
    }
}

/// A clock that changes only when it is set.
final class Clock: Sendable {
    private let moment = Mutex(Timestamp(microseconds: 1_700_000_000_000_000))
    var now: Timestamp {
        get { moment.withLock { $0 } }
        set { moment.withLock { $0 = newValue } }
    }
}

/// A kind of store that keeps the contract.
struct StoreKind: Sendable, CustomStringConvertible {
    let description: String
    let open: @Sendable (Folder, Clock) throws -> any Store

    static let all = [
        StoreKind(description: "SQLite") { folder, clock in
            // The store keeps the folder for as long as it lives.
            try SQLiteStore(folder: folder.path) { withExtendedLifetime(folder) { clock.now } }
        },
        StoreKind(description: "memory") { folder, clock in
            MemoryStore(folder.memory) { clock.now }
        },
        StoreKind(description: "memory, bodies run twice") { folder, clock in
            StoreDouble(MemoryStore(folder.memory) { clock.now }, .runsBodiesTwice)
        },
    ]
}

func seconds(_ seconds: Int) -> Timestamp {
    Timestamp(microseconds: 1_600_000_000_000_000 + Int64(seconds) * 1_000_000)
}

extension IRI {
    static let sensor = IRI("https://example.org/Sensor")
    static let station = IRI("https://example.org/Station")
    static let speed = IRI("https://example.org/speed")
    static let label = IRI("https://example.org/label")
    static let place = IRI("https://uri.etsi.org/ngsi-ld/location")
}

extension Attribute {
    static func reading(_ value: JSONValue, at second: Int, dataset: String? = nil) -> Attribute {
        Attribute(
            kind: .property,
            value: value,
            datasetID: dataset,
            observedAt: seconds(second),
            createdAt: seconds(second),
            modifiedAt: seconds(second)
        )
    }
}

extension Entity {
    init(_ id: String, _ type: IRI = .sensor, _ attributes: [IRI: JSONValue] = [:]) {
        self.init(
            id: EntityID("urn:\(id)"),
            types: [type],
            attributes: attributes.sorted { $0.key.text < $1.key.text }.map {
                NamedAttribute(
                    name: $0.key,
                    instances: [
                        Attribute(
                            kind: $0.key == .place ? .geoProperty : .property,
                            value: $0.value
                        )
                    ]
                )
            }
        )
    }
}

extension TenantStore {
    /// Runs a test's transaction without regard to rights.
    func transact<Answer: Sendable>(
        _ body: @escaping @Sendable (any StoreTransaction) throws -> Answer
    ) async throws -> Answer {
        try await restore(InternalGrant(.copying), for: nil, body)
    }

    /// False if the grant covers nothing to remove.
    func removeHistory(
        _ id: EntityID,
        _ what: HistoryRemoval,
        grant: WriteGrant
    ) async throws -> Bool {
        do {
            return try await changeEvolution(of: id, grant: grant) {
                (Changes(try $0.removing(what, orElse: NotThere())), true)
            }
        } catch is NotThere { return false }
    }

    /// Whether the grant covers any part of the evolution.
    func hasEvolution(_ id: EntityID, grant: WriteGrant) async throws -> Bool {
        try await changeEvolution(of: id, grant: grant) { (Changes(), $0.seen != nil) }
    }

    func put(_ entities: [Entity]) async throws {
        try await transact { transaction in
            for entity in entities { try transaction.put(entity) }
        }
    }

    func append(
        _ id: String,
        _ name: IRI,
        _ instances: [Attribute],
        correcting: Bool = false
    ) async throws {
        try await transact {
            try $0.appendHistory(
                EntityID("urn:\(id)"),
                types: [.sensor],
                scopes: [],
                [NamedAttribute(name: name, instances: instances)],
                correcting: correcting
            )
        }
    }

    func ids(
        _ condition: Condition,
        offset: Int = 0,
        limit: Int = 100,
        grant: Condition = .everything
    ) async throws -> [String] {
        let query = EntityQuery(condition: condition, offset: offset, limit: limit)
        return try await entities(query, grant: Grants.read(grant)).entities.map {
            String($0.id.uri.dropFirst(4))
        }
    }
}

/// The error of a test's change that finds nothing to change.
struct NotThere: Error {}

/// A random number generator with a seed (SplitMix64).
struct SeededDice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
