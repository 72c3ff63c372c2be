internal import ContextModel
internal import Governance

/// The writer's open transaction, and the present request in it.
///
/// A transaction has many requests. Each request that writes does so within its own savepoint,
/// which is created at its first write. So a request that fails is undone alone, and the bodies of
/// others run only once.
final class WriteTransaction {
    /// The grant that limits which histories the request may change; nil if it may change all.
    var granted: WriteGrant?
    /// Whether the transaction has written anything.
    private(set) var writes = false
    /// Whether the present request has written anything.
    private(set) var requestWrites = false
    /// Whether the transaction has run requests of more than one sharer.
    private(set) var servesSeveral = false
    /// Whether the transaction has run any request, and the sharer of the last one.
    private var servesAny = false
    private var lastServed: Sharer?
    /// The actions to run after the commit; those of the present request are at the end.
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

    /// Commits the transaction; call `runCommitActions()` afterwards.
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

    /// Removes the present request's actions for after the commit.
    func forgetRequestActions() {
        commitActions.removeLast(commitActions.count - earlierActions)
    }

    /// Undoes the writes of the present request.
    func undoRequest() throws {
        try connection.execute("ROLLBACK TO request; RELEASE request")
    }

    /// Must be called before each write.
    func willWrite() throws {
        guard !requestWrites else { return }
        try savepoint.run()
        requestWrites = true
        writes = true
    }

    /// Runs the action after the commit; never, if the request fails.
    func afterCommit(_ action: @escaping @Sendable () -> Void) { commitActions.append(action) }
}
