/// What a change of documents looks at, named beforehand.
package enum DocumentKey: Sendable, Hashable {
    case document(Document.Kind, id: String)
    /// All documents of a kind: also their number, and each of them.
    case all(Document.Kind)
    /// How many documents of a kind there are.
    case count(Document.Kind)
}

/// What a request does to documents and the outbox, as a value, and what it was made of.
///
/// The body of a change reads the documents that it has named, and gives what is to become of them. It
/// sees what it has given so far as if that were stored. Nothing is done to the store, or to anything
/// else, before the body is over: then the store applies all of it, or nothing.
package struct DocumentChanges {
    /// What becomes of a document, in the order in which it was given.
    enum Step {
        case put(Document)
        case remove(Document.Kind, id: String)
    }
    private let stored: any BookkeepingTransaction
    private let keys: Set<DocumentKey>
    private(set) var steps: [Step] = []
    private(set) var messages: [NewMessage] = []
    /// Whom the change is told when it is kept.
    private(set) var follower: (@Sendable (OwnChanges) -> Void)?

    init(_ stored: any BookkeepingTransaction, reading keys: [DocumentKey]) {
        self.stored = stored
        self.keys = Set(keys)
    }

    // MARK: What is stored

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

    /// Documents of a followed kind that were put since the change of the number, as they are stored.
    ///
    /// All of the kind when the change feed does not know any more.
    package func documents(_ kind: Document.Kind, putSince number: Int64) throws -> [Document] {
        require(.all(kind), or: .all(kind))
        let page = try stored.feed(after: number, of: [kind])
        return try page.isComplete
            ? page.changes.compactMap(\.document) : stored.documents(kind)
    }

    /// How many documents of the kind there are, what the body has given left aside.
    package func storedCount(_ kind: Document.Kind) throws -> Int {
        require(.count(kind), or: .all(kind))
        return try stored.documentCount(kind)
    }

    /// A body that reads what it has not named would not be run again when that changes.
    private func require(_ key: DocumentKey, or wider: DocumentKey) {
        precondition(
            keys.contains(key) || keys.contains(wider),
            "the body of a change reads \(key) and has not named it"
        )
    }

    // MARK: What becomes of it

    package mutating func put(_ document: Document) { steps.append(.put(document)) }

    /// Does nothing when there is no such document.
    package mutating func remove(_ kind: Document.Kind, id: String) {
        steps.append(.remove(kind, id: id))
    }

    /// Puts notifications into the outbox.
    package mutating func send(_ messages: [NewMessage]) { self.messages += messages }

    /// Has `follower` told what the change adds to the change feed, when it is kept and before its maker
    /// gets an answer: in the order of the feed, on the store's writing thread, so it must be quick.
    package mutating func tell(_ follower: @escaping @Sendable (OwnChanges) -> Void) {
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

    /// What has changed; nil when there was nothing to remove.
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

    /// Puts notifications into the outbox.
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
