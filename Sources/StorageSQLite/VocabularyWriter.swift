internal import ContextModel
internal import Governance
internal import Storage
internal import Synchronization

/// The vocabulary of the writer.
///
/// It numbers names, shapes and forms, removes what a sweep has found unused, and shows readers
/// both at the right time.
final class VocabularyWriter {
    /// The vocabulary as the transaction sees it.
    private(set) var current: Vocabulary
    /// The vocabulary as readers see it.
    let shown: ShownVocabulary
    /// An upper bound of the names, shapes and forms that became unused since the last sweep
    /// began.
    private(set) var possiblyUnused: Int
    /// Called when a sweep is due.
    var whenSweepIsDue: @Sendable () -> Void = {}
    /// Whether `whenSweepIsDue` has been called.
    private var isSweepDue = false
    /// The sweep in progress, which is told what is used meanwhile.
    private weak var sweep: VocabularySweep?
    /// The changes of the transaction.
    private var log = VocabularyLog()
    private var recentlyShaped: (entity: Entity, shape: Int64)?
    /// The numbers of forms met since the last sweep, which are found without encoding the form.
    private var formNumbers: [HistoryForm: Int64] = [:]

    let connection: Connection
    private let transaction: WriteTransaction
    private let insertName, insertShape, insertForm: Statement

    init(_ connection: Connection, _ transaction: WriteTransaction) throws {
        self.connection = connection
        self.transaction = transaction
        // Without a number, SQLite uses the one after the greatest.
        insertName = try connection.prepare("INSERT INTO name (number, text) VALUES (?1, ?2)")
        insertShape = try connection.prepare("INSERT INTO shape (number, content) VALUES (?1, ?2)")
        insertForm = try connection.prepare("INSERT INTO form (number, body) VALUES (?1, ?2)")
        current = try Vocabulary(connection)
        shown = ShownVocabulary(current)
        // How many became unused before the start is unknown, so all count.
        possiblyUnused = current.names.count + current.shapes.count + current.forms.count
    }

    // MARK: Transactions

    func beginRequest() { log.beginRequest() }

    func undoRequest() {
        log.undoRequest(in: &current)
        forgetNumbers()
    }

    /// Runs the commit: shows readers the additions before it, and the removals after it.
    func commit(_ transaction: () throws -> Void) throws {
        let log = self.log
        if !log.isEmpty { shown.update { log.showAdditions(in: &$0) } }
        try transaction()
        if !log.isEmpty {
            shown.update { log.showRemovals(of: current, in: &$0) }
            self.log = VocabularyLog()
        }
        if possiblyUnused >= Limits.unusedBeforeSweep, !isSweepDue {
            isSweepDue = true
            whenSweepIsDue()
        }
    }

    /// Undoes the changes of the transaction.
    func abandon() {
        shown.update { log.undo(in: &current, shown: &$0) }
        forgetNumbers()
    }

    /// Forgets cached numbers.
    private func forgetNumbers() {
        recentlyShaped = nil
        formNumbers = [:]
    }

    // MARK: Numbers

    func number(of name: String) throws -> Int64 {
        if let known = current.numbers[name] {
            sweep?.use(name: known)
            return known
        }
        try transaction.willWrite()
        try insertName.bind(1, log.takenNames[name]).bind(2, name).run()
        let number = noteAddition(.name(name))
        sweep?.use(name: number)
        return number
    }

    /// The number of a `datasetId`; zero for none.
    func dataset(_ id: String?) throws -> Int64 {
        guard let id else { return 0 }
        return try number(of: id)
    }

    /// Notes the new entry; returns the number of its row.
    private func noteAddition(_ entry: Vocabulary.Entry) -> Int64 {
        let number = connection.lastRowID
        current.add(entry, number: number)
        log.noteAddition(entry, number: number)
        return number
    }

    func shape(of entity: Entity) throws -> Int64 {
        // Entities written one after the other are mostly alike; comparing is faster than looking
        // up.
        if let last = recentlyShaped, entity.isShaped(like: last.entity) { return last.shape }
        let shape = try findShape(of: entity)
        recentlyShaped = (entity, shape)
        return shape
    }

    /// Whether the shape tells if its entities have readings: those of older files do not.
    func hasNotedReadings(of shape: Int64) -> Bool { current.shapes[shape]?.hasReadings != nil }

    private func findShape(of entity: Entity) throws -> Int64 {
        let types = try entity.types.map { try number(of: $0.text) }.sorted()
        let members = try entity.attributes.map { attribute in
            Shape.Member(
                name: try number(of: attribute.name.text),
                kinds: attribute.kinds
            )
        }
        return try number(
            of: Shape(
                types: types,
                members: members.sorted { $0.name < $1.name },
                hasScopes: !entity.scopes.isEmpty,
                hasReadings: entity.attributes.contains(where: \.hasReading)
            )
        )
    }

    private func number(of shape: Shape) throws -> Int64 {
        if let known = current.shapeNumbers[shape] { return known }
        try transaction.willWrite()
        try insertShape.bind(1, log.takenShapes[shape]).bind(2, shape.content).run()
        return noteAddition(.shape(shape))
    }

    func form(_ form: HistoryForm) throws -> Int64 {
        let number = try formNumbers[form] ?? number(ofForm: Body.bytes(form.attribute))
        formNumbers[form] = number
        sweep?.use(form: number)
        return number
    }

    private func number(ofForm body: [UInt8]) throws -> Int64 {
        if let known = current.formNumbers[body] { return known }
        try transaction.willWrite()
        let attribute = try Body.attribute(body)
        // The rows of a form are not counted: with one more form, another one may have become
        // unused.
        possiblyUnused += 1
        try insertForm.bind(1, log.takenForms[body]).bind(2, body).run()
        return noteAddition(.form(body, attribute))
    }

    // MARK: Unused entries

    /// Notes that up to `count` names, shapes and forms became unused.
    func noteUnused(_ count: Int) { possiblyUnused += count }

    /// Tells the sweep in progress of forms that moved, which its scan may have missed.
    func noteMove(of instances: some Collection<HistorySegment.Instance>) {
        guard let sweep else { return }
        for instance in instances {
            if let form = instance.row.form { sweep.use(form: form) }
        }
    }

    /// Starts telling the sweep what is used.
    func begin(_ sweep: VocabularySweep) {
        self.sweep = sweep
        sweep.unusedBefore = possiblyUnused
    }

    /// Whether the sweep is still told what is used, and no other one has begun.
    func isTold(_ sweep: VocabularySweep) -> Bool { self.sweep === sweep }

    /// Notes that the sweep has removed what was unused when it began.
    ///
    /// A sweep that fails before does not reduce the count.
    func finish(_ sweep: VocabularySweep) {
        guard isTold(sweep) else { return }
        self.sweep = nil
        possiblyUnused -= sweep.unusedBefore
        isSweepDue = false
        // Releases the memory of removed entries.
        current.trim()
        shown.update { $0.trim() }
    }

    /// Removes an entry with the statement, which takes its number.
    func remove(_ entry: Vocabulary.Entry, number: Int64, _ delete: Statement) throws {
        try transaction.willWrite()
        try delete.bind(1, number).run()
        current.remove(entry, number: number)
        log.noteRemoval(entry, number: number)
        forgetNumbers()
    }
}

/// The vocabulary as readers see it, on any thread; it has at least all that is committed.
final class ShownVocabulary: Sendable {
    private let vocabulary: Mutex<Vocabulary>

    init(_ vocabulary: Vocabulary) { self.vocabulary = Mutex(vocabulary) }

    var current: Vocabulary { vocabulary.withLock { $0 } }

    /// The numbers of all shapes.
    var shapes: [Int64] { vocabulary.withLock { Array($0.shapes.keys) } }

    func update(_ body: (inout Vocabulary) -> Void) { vocabulary.withLock { body(&$0) } }

    /// What the shape of a row that was read before decides about the grant; nil when a sweep has removed
    /// the shape since.
    ///
    /// SQLite never gives a number twice, so it is the row's own shape.
    func decide(_ grant: ReadGrant, forShape number: Int64) -> GrantByShape? {
        vocabulary.withLock { $0.decide(grant, forShape: number) }
    }

    /// Runs the body on one state of the database, with all names, shapes and forms that its rows
    /// can use.
    ///
    /// Additions are in memory before they are in the file. Entries that a sweep removed after the
    /// state began may be missing; then another state is taken. `meanwhile` is called between
    /// fixing the state and copying the vocabulary.
    func snapshot<Answer>(
        _ reader: Reader,
        meanwhile: () -> Void = {},
        _ body: (Vocabulary) throws -> Answer
    ) throws -> Answer {
        while true {
            let removals = vocabulary.withLock(\.removals)
            let answer: Answer? = try reader.snapshot {
                meanwhile()
                let vocabulary = current
                guard vocabulary.removals == removals else { return nil }
                return .some(try body(vocabulary))
            }
            if let answer { return answer }
        }
    }
}

extension Entity {
    /// Whether both certainly have the same shape.
    func isShaped(like other: Entity) -> Bool {
        types == other.types && scopes.isEmpty == other.scopes.isEmpty
            && attributes.count == other.attributes.count
            && zip(attributes, other.attributes).allSatisfy {
                $0.name == $1.name && $0.kinds == $1.kinds && $0.hasReading == $1.hasReading
            }
    }
}

extension NamedAttribute {
    /// One bit for each kind among the instances.
    fileprivate var kinds: UInt8 { instances.reduce(0) { $0 | 1 << $1.kind.rawValue } }

    fileprivate var hasReading: Bool { instances.contains { $0.observedAt != nil } }
}
