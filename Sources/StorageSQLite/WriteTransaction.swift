internal import ContextModel
internal import Governance

/// The transaction that the writer has open, and the request that runs in it.
///
/// A transaction holds many requests; each that writes does so inside a savepoint of its own, made
/// at its first write, so that one that fails is undone alone and its body runs only once.
final class WriteTransaction {
    /// The grant that limits which histories the request may change; nil if it may change all.
    var granted: WriteGrant?
    /// Whether the transaction has anything to bring to the disk.
    private(set) var writes = false
    /// Whether the request that runs has written anything.
    private(set) var requestWrites = false
    /// Whether the transaction has run requests of more than one sharer.
    private(set) var servesSeveral = false
    /// Whose requests it has run, or is running: whether there is any, and the last of them.
    private var servesAny = false
    private var lastServed: Sharer?
    /// What is to happen once the transaction is on disk; the request that runs has added those after
    /// the earlier ones.
    private var commitActions: [@Sendable () -> Void] = []
    private var earlierActions = 0

    private let connection: Connection
    private let beginning, committing, savepoint, release: Statement

    init(_ connection: Connection) throws {
        self.connection = connection
        beginning = try connection.prepare("BEGIN IMMEDIATE")
        committing = try connection.prepare("COMMIT")
        savepoint = try connection.prepare("SAVEPOINT request")
        release = try connection.prepare("RELEASE request")
    }

    func begin() throws {
        writes = false
        servesAny = false
        servesSeveral = false
        try beginning.run()
    }

    /// Brings the transaction to the disk; `runCommitActions()` is to follow.
    func commit() throws { try committing.run() }

    func runCommitActions() {
        for action in commitActions { action() }
        commitActions.removeAll(keepingCapacity: true)
    }

    /// Rolls the transaction back, if SQLite has not done so already.
    func abandon() {
        commitActions = []
        if connection.isInTransaction { try? connection.execute("ROLLBACK") }
    }

    // MARK: The request

    func beginRequest(of sharer: Sharer?) {
        requestWrites = false
        if servesAny, sharer != lastServed { servesSeveral = true }
        (servesAny, lastServed) = (true, sharer)
        granted = nil
        earlierActions = commitActions.count
    }

    func endRequest() throws {
        if requestWrites { try release.run() }
    }

    /// Forgets what the request wanted to happen once it is on disk.
    func forgetRequestActions() {
        commitActions.removeLast(commitActions.count - earlierActions)
    }

    /// Takes back what the request has written.
    func undoRequest() throws {
        try connection.execute("ROLLBACK TO request; RELEASE request")
    }

    /// Called before each write.
    func willWrite() throws {
        guard !requestWrites else { return }
        try savepoint.run()
        requestWrites = true
        writes = true
    }

    /// Calls the action once the transaction is on disk; never, if the request fails.
    func afterCommit(_ action: @escaping @Sendable () -> Void) { commitActions.append(action) }
}
