/// A registration that a question matches, with the matching elements of its `information`.
package struct MatchedRegistration: Sendable {
    package var registration: ContextSourceRegistration
    package var information: [Int]

    package init(_ registration: ContextSourceRegistration, information: [Int]) {
        self.registration = registration
        self.information = information
    }
}

/// Who is asked what for a retrieval or a query (clause 4.3.6).
package struct ReadPlan: Sendable {
    /// What is asked of each source, in the order in which the sources were registered.
    package private(set) var questions: [SourceQuestion] = []
    /// The sources that are not asked because others fill the plan already.
    package private(set) var leftOut: [ContextSourceRegistration] = []

    /// The most requests that one question becomes.
    package static let maximumQuestions = 64

    /// Plans a query, or with `isRetrieval` the retrieval of one entity.
    ///
    /// `via` are the names of the sources that the request has come through: they are not asked
    /// again (clause 5.12).
    package init(
        _ question: FederatedQuestion,
        to matches: [MatchedRegistration],
        isRetrieval: Bool = false,
        via: [String] = []
    ) {
        for match in matches {
            let registration = match.registration
            if let alias = registration.alias, via.contains(alias) { continue }
            let operations = Self.operations(for: question, isRetrieval: isRetrieval)
            guard let operation = operations.first(where: registration.operations.contains) else {
                continue
            }
            let asked = match.information.flatMap { index in
                SourceQuestion.questions(
                    registration,
                    registration.information[index],
                    operation,
                    question
                )
            }
            guard questions.count + asked.count <= Self.maximumQuestions else {
                leftOut.append(registration)
                continue
            }
            questions += asked
        }
    }

    /// Removes the questions that do not meet the test, and returns whom they were for.
    package mutating func keep(
        _ isKept: (SourceQuestion) -> Bool
    ) -> [ContextSourceRegistration] {
        let removed = questions.filter { !isKept($0) }
        questions.removeAll { !isKept($0) }
        return removed.map(\.registration)
    }

    /// The operations that answer the question, the best first.
    private static func operations(
        for question: FederatedQuestion,
        isRetrieval: Bool
    ) -> [DistributedOperation] {
        guard let history = question.history else {
            let queries: [DistributedOperation] = [.queryEntity, .queryBatch]
            return isRetrieval ? [.retrieveEntity] + queries : queries
        }
        guard isRetrieval else { return [.queryTemporal] }
        return history.isBounded ? [.retrieveTemporal, .queryTemporal] : [.retrieveTemporal]
    }
}
