package import Broker
package import ContextModel
import CoreMetrics
package import Hummingbird
import Logging
import NIOCore
import Storage

/// An error in the form of RFC 9457, with a type of clause 5.5.2 and the status of clause 6.3.2.
package struct ProblemDetails: Sendable {
    package var status: HTTPResponse.Status
    /// A type URI of clause 5.5.2, or `about:blank` for an error that HTTP itself defines.
    package var type: String
    package var title: String
    package var detail: String
    /// The sources that failed (clause 6.3.17).
    package var warnings: [AnswerWarning]

    /// Turns an error into HTTP; this is done here alone.
    package init(_ error: BrokerError) {
        let (status, name, title): (HTTPResponse.Status, String?, String) =
            switch error.code {
            case .invalidRequest: (.badRequest, "InvalidRequest", "Invalid request")
            case .badRequestData: (.badRequest, "BadRequestData", "Bad request data")
            case .alreadyExists: (.conflict, "AlreadyExists", "Already exists")
            case .conflict: (.conflict, "Conflict", "Conflict")
            case .operationNotSupported:
                (.unprocessableContent, "OperationNotSupported", "Operation not supported")
            case .resourceNotFound: (.notFound, "ResourceNotFound", "Resource not found")
            case .nonexistentTenant: (.notFound, "NonexistentTenant", "No such tenant")
            case .internalError: (.internalServerError, "InternalError", "Internal error")
            case .tooComplexQuery: (.forbidden, "TooComplexQuery", "Too complex a query")
            case .tooManyResults: (.forbidden, "TooManyResults", "Too many results")
            case .ldContextNotAvailable:
                (.gatewayTimeout, "LdContextNotAvailable", "@context not available")
            case .unauthenticated: (.unauthorized, nil, "Token missing or unknown")
            case .forbidden: (.forbidden, nil, "Not permitted")
            case .methodNotAllowed: (.methodNotAllowed, nil, "Method not allowed")
            case .notAcceptable: (.notAcceptable, nil, "Not acceptable")
            case .unsupportedMediaType: (.unsupportedMediaType, nil, "Unsupported media type")
            case .payloadTooLarge: (.contentTooLarge, nil, "Body too large")
            case .lengthRequired: (.lengthRequired, nil, "Length required")
            case .requestTimeout: (.requestTimeout, nil, "Request took too long to arrive")
            case .overloaded: (.serviceUnavailable, nil, "Too busy")
            case .recordUnavailable: (.serviceUnavailable, nil, "Record not available")
            case .sourceFailed: (.badGateway, nil, "A context source failed")
            case .loopDetected:
                (
                    HTTPResponse.Status(code: 508, reasonPhrase: "Loop Detected"), nil,
                    "Loop detected"
                )
            case .budgetExhausted: (.forbidden, nil, "Privacy budget used up")
            case .tooManyRequests: (.tooManyRequests, nil, "Too many writes")
            case .storageFull:
                (
                    HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), nil,
                    "Storage full"
                )
            }
        self.status = status
        self.type = name.map { "https://uri.etsi.org/ngsi-ld/errors/\($0)" } ?? "about:blank"
        self.title = title
        self.detail = error.detail
        warnings = error.warnings
    }

    /// The members in JSON, which answers of batches also have (clause 5.2.17).
    package var json: JSONObject {
        [
            "type": .string(type), "title": .string(title), "detail": .string(detail),
            "status": .number(JSONNumber(status.code)),
        ]
    }

    package var response: Response {
        // Plain JSON, unlike RFC 9457 (clauses 6.3.3 and 6.3.6).
        var headers: HTTPFields = [.contentType: "application/json"]
        switch status {
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer realm=\"balai\""
        case .serviceUnavailable, .tooManyRequests: headers[.retryAfter] = "1"
        // The rest of the body is not read, so the connection cannot be used for another request.
        case .contentTooLarge, .requestTimeout: headers[.connection] = "close"
        default: break
        }
        headers.append(warnings)
        // Their status has all the information (clause 6.3.4).
        if status == .lengthRequired || status == .unsupportedMediaType {
            headers[.contentType] = nil
            return Response(status: status, headers: headers)
        }
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(json: .object(json))
        )
    }
}

/// Turns the errors of handlers into answers, and logs what the caller must not learn.
struct ProblemReporter: Sendable {
    let registry: MetricRegistry

    /// The counter of requests that were refused because the disk is full.
    static let refusedForFullDisk = "balai_requests_refused_disk_full"

    func problem(for error: any Error, _ context: GatewayContext) -> ProblemDetails {
        switch error {
        case let error as BrokerError:
            return problem(for: error, context)
        case let error as StorageError:
            return problem(for: brokerError(for: error), context)
        default:
            return problem(
                for: BrokerError(.internalError, "", note: String(reflecting: error)),
                context
            )
        }
    }

    private func problem(for error: BrokerError, _ context: GatewayContext) -> ProblemDetails {
        var error = error
        if error.code == .internalError {
            error.detail = "The hub could not do this. Its log says why under \(context.id)."
            context.logger.error("\(error.note ?? "internal error")")
        } else if error.code == .storageFull {
            context.logger.error("the disk is full: \(error.note ?? error.detail)")
            // Created when it is first needed: a hub with free space has no such series.
            Counter(label: Self.refusedForFullDisk, factory: registry).increment()
        } else if let note = error.note {
            context.logger.notice("\(error.code): \(note)")
        }
        return ProblemDetails(error)
    }

    private func brokerError(for error: StorageError) -> BrokerError {
        switch error.code {
        case .diskFull:
            BrokerError(
                .storageFull,
                "The hub's disk is full: nothing was stored. Reading still works.",
                note: error.note
            )
        case .overloaded:
            BrokerError(.overloaded, "Too many requests are waiting; try again in a second.")
        case .tooManyResults:
            BrokerError(
                .tooManyResults,
                "The answer would have too many values; ask for longer periods, fewer entities or a "
                    + "shorter time.",
                note: error.note
            )
        case .entityTooLarge: .entityTooLarge(note: error.note)
        case .tookTooLong:
            // The query is too complex to be answered (clause 5.5.6).
            BrokerError(
                .tooComplexQuery,
                "The query took longer than a query may here; ask for less at once, by type, place "
                    + "or a shorter time.",
                note: error.note
            )
        case .closed:
            BrokerError(.overloaded, "The hub is stopping; try again in a moment.")
        case .tooManyTenants:
            BrokerError(
                .forbidden,
                "The hub keeps as many tenants as it may, and this would be one more; its operator "
                    + "can raise limits.maximumTenants.",
                note: error.note
            )
        case .damaged, .locked, .failed, .leaseLost:
            BrokerError(.internalError, "", note: error.description)
        }
    }
}
