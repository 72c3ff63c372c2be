/// A set of documents that a change of documents reads, named before the change runs.
package enum DocumentKey: Sendable, Hashable {
    case document(Document.Kind, id: String)
    /// All documents of a kind, each of them and their number.
    case all(Document.Kind)
    /// The number of documents of a kind.
    case count(Document.Kind)
}

/// What a request changes in documents and the outbox, as a value.
///
/// The body of a change reads the documents that it has named and records its changes here. It
/// reads its own recorded changes as if they were stored. When the body has returned, the store
/// applies all of them or nothing; before, nothing has any effect.
package struct DocumentChanges {
    /// One change of a document, in the order of recording.
    enum Step {
        case put(Document)
        case remove(Document.Kind, id: String)
    }
    private let stored: any BookkeepingTransaction
    private let keys: Set<DocumentKey>
    private(set) var steps: [Step] = []
    private(set) var messages: [NewMessage] = []
    /// Called with the change feed's entries when the changes are kept.
    private(set) var follower: (@Sendable (OwnChanges) -> Void)?

    init(_ stored: any BookkeepingTransaction, reading keys: [DocumentKey]) {
        self.stored = stored
        self.keys = Set(keys)
    }

    // MARK: Reading

    package func document(_ kind: Document.Kind, id: String) throws -> Document? {
        require(.document(kind, id: id), or: .all(kind))
        for step in steps.reversed() {
            switch step {
            case .put(let document) where document.kind == kind && document.id == id:
                return document
            case .remove(let other, let removed) where other == kind && removed == id: return nil
            case .put, .remove: continue
            }
        }
        return try stored.document(kind, id: id)
    }

    /// Every document of the kind, in the order of creation.
    package func documents(_ kind: Document.Kind) throws -> [Document] {
        require(.all(kind), or: .all(kind))
        return steps.reduce(into: try stored.documents(kind)) { documents, step in
            switch step {
            case .put(let document) where document.kind == kind:
                if let place = documents.firstIndex(where: { $0.id == document.id }) {
                    documents[place] = document
                } else {
                    documents.append(document)
                }
            case .remove(let other, let id) where other == kind:
                documents.removeAll { $0.id == id }
            case .put, .remove: break
            }
        }
    }

    /// The documents of a followed kind that were put since the change of this number, as they are
    /// stored.
    ///
    /// Returns all of the kind when the change feed does not go back that far.
    package func documents(_ kind: Document.Kind, putSince number: Int64) throws -> [Document] {
        require(.all(kind), or: .all(kind))
        let page = try stored.feed(after: number, of: [kind])
        return try page.isComplete
            ? page.changes.compactMap(\.document) : stored.documents(kind)
    }

    /// The number of stored documents of the kind, without the changes recorded here.
    package func storedCount(_ kind: Document.Kind) throws -> Int {
        require(.count(kind), or: .all(kind))
        return try stored.documentCount(kind)
    }

    /// A body that reads a document without naming it would not run again when that document
    /// changes.
    private func require(_ key: DocumentKey, or wider: DocumentKey) {
        precondition(
            keys.contains(key) || keys.contains(wider),
            "the body of a change reads \(key) and has not named it"
        )
    }

    // MARK: Changing

    package mutating func put(_ document: Document) { steps.append(.put(document)) }

    /// Removes the document; does nothing when there is none.
    package mutating func remove(_ kind: Document.Kind, id: String) {
        steps.append(.remove(kind, id: id))
    }

    /// Adds notifications to the outbox.
    package mutating func send(_ messages: [NewMessage]) { self.messages += messages }

    /// Has `follower` called with what these changes add to the change feed.
    ///
    /// It is called after the commit and before the caller gets its answer, in the order of the
    /// feed and on the store's writing thread, so it must be quick.
    package mutating func notify(_ follower: @escaping @Sendable (OwnChanges) -> Void) {
        self.follower = follower
    }
}

extension BookkeepingTransaction {
    /// What `DocumentStore.changeFollowedDocuments` does within the transaction.
    package func changeFollowedDocuments<Answer>(
        reading keys: [DocumentKey],
        _ body: (inout DocumentChanges) throws -> Answer
    ) throws -> (answer: Answer, changes: OwnChanges?) {
        var changes = DocumentChanges(self, reading: keys)
        let answer = try body(&changes)
        var own: OwnChanges?
        for step in changes.steps {
            guard let change = try take(step), change.kind.isFollowed else { continue }
            let new = OwnChanges(lastChange, change)
            if own == nil { own = new } else { own?.append(new) }
        }
        try send(changes.messages)
        if let own, let follower = changes.follower { afterCommit { follower(own) } }
        return (answer, own)
    }

    /// Applies one change; nil when there was nothing to remove.
    private func take(_ step: DocumentChanges.Step) throws -> ChangeFeedPage.Change? {
        switch step {
        case .put(let document):
            try put(document)
            return .init(kind: document.kind, id: document.id, document: document)
        case .remove(let kind, let id):
            guard try removeDocument(kind, id: id) else { return nil }
            return .init(kind: kind, id: id, document: nil)
        }
    }

    /// Adds notifications to the outbox.
    package func send(_ messages: [NewMessage]) throws {
        for message in messages {
            let enqueued = try enqueue(
                message.body,
                to: message.recipients,
                at: message.enqueuedAt,
                in: message.term
            )
            afterCommit { message.whenCommitted(enqueued) }
        }
    }
}
