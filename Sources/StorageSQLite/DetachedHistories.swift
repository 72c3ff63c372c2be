/// Histories that were detached from their entities and are being removed.
final class DetachedHistories {
    private var numbers: Set<Int64> = []
    /// Called after a commit that detached a history from its entity.
    var whenDetached: @Sendable () -> Void = {}

    private let connection: Connection
    private let transaction: WriteTransaction

    init(_ connection: Connection, _ transaction: WriteTransaction) throws {
        self.connection = connection
        self.transaction = transaction
        try readAgain()
    }

    /// Reads them from the file again, after a transaction was undone.
    func readAgain() throws {
        let rows = try connection.prepare("SELECT entity FROM removed_history")
        numbers = []
        while try rows.step() { numbers.insert(rows.int(0)) }
    }

    /// One of them.
    var first: Int64? { numbers.first }

    /// Detaches the history; returns the number that its entity's history has from now on.
    func detach(_ history: Int64) throws -> Int64 {
        try transaction.willWrite()
        let insert = try connection.prepare("INSERT INTO removed_history (entity) VALUES (?1)")
        try insert.bind(1, history).run()
        numbers.insert(history)
        transaction.afterCommit(whenDetached)
        // No history has had this number: those of entities begin as their keys, which are
        // positive.
        return -connection.lastRowID
    }

    /// Notes that nothing is left of the history.
    func finish(_ history: Int64) throws {
        try connection.execute("DELETE FROM removed_history WHERE entity = \(history)")
        numbers.remove(history)
    }

    /// The key for a new row of an entity; nil for the one that SQLite chooses.
    ///
    /// SQLite may choose the key of a deleted row, and a history that is still being removed may
    /// have that number.
    func keyOfNewRow() throws -> Int64? {
        guard let greatest = numbers.max() else { return nil }
        return max(greatest, try connection.number("SELECT coalesce(max(key), 0) FROM entity")) + 1
    }
}
