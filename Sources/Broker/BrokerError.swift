/// The error of all operations: a code, a text for the caller and a note for the log.
package struct BrokerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The error types of clause 5.5.2, and those for the hub's own conditions.
    package enum Code: Sendable, Equatable, CaseIterable {
        // Clause 5.5.2
        case invalidRequest, badRequestData, alreadyExists, operationNotSupported
        case resourceNotFound, internalError, tooComplexQuery, tooManyResults
        case ldContextNotAvailable, nonexistentTenant, conflict
        // Codes of the hub's own
        case unauthenticated, forbidden, methodNotAllowed, notAcceptable, unsupportedMediaType
        case payloadTooLarge, lengthRequired, requestTimeout, overloaded, storageFull
        case tooManyRequests, recordUnavailable, budgetExhausted, loopDetected
        case sourceFailed
    }
    package var code: Code
    /// One sentence in the caller's words, which quotes the input and suggests a correction.
    package var detail: String
    /// For the log only.
    package var note: String?
    /// The sources that were asked for what is missing, and failed (clause 6.3.17).
    package var warnings: [AnswerWarning] = []

    package init(_ code: Code, _ detail: String, note: String? = nil) {
        self.code = code
        self.detail = detail
        self.note = note
    }

    /// Equal by code, so that tests stay short.
    package static func == (a: BrokerError, b: BrokerError) -> Bool { a.code == b.code }

    package var description: String {
        note.map { "\(code): \(detail) (\($0))" } ?? "\(code): \(detail)"
    }
}
