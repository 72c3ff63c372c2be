import Broker
package import ContextModel
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
package import Record

extension RouteTable {
    /// The hub as a witness of others' records, for anybody (C2SP tlog-witness).
    ///
    /// Without a desk it follows no record. Not part of the standard.
    package mutating func addWitnessRoutes(
        _ desk: WitnessDesk?,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        var description = RouteDescription(
            .post,
            "/record/witness/add-checkpoint",
            .governance,
            "Have the hub sign a checkpoint of a record that it follows",
            answers: "text/plain"
        )
        addSeenCheckpoint(desk)
        // Generators of clients know the first; the specification of witnesses names none.
        description.accepts = ["application/octet-stream", "text/plain"]
        add(description) { request, context in
            let body = try await request.bytes(limit: AddCheckpoint.maximumBytes)
            let question: AddCheckpoint
            do throws(ProofError) { question = try AddCheckpoint(String(buffer: body)) } catch {
                return .said(error.message, .badRequest)
            }
            guard let desk else { return .said(Witness.Answer.unknownRecord) }
            do {
                return .said(try await desk.answer(question, at: clock()))
            } catch {
                context.logger.error("the witness cannot sign: \(error)")
                return .said("The witness cannot sign now.", .serviceUnavailable)
            }
        }
    }
}

extension RouteTable {
    /// What the hub has seen of a record, by which the record's own hub can check what is said against it.
    private mutating func addSeenCheckpoint(_ desk: WitnessDesk?) {
        add(
            RouteDescription(
                .get,
                "/record/witness/checkpoint",
                .governance,
                "Retrieve the newest checkpoint of a record that the hub has seen",
                query: [
                    QueryParameter("record", "The record's key, as `balai record key` prints it")
                ],
                answers: "text/plain"
            )
        ) { request, _ in
            let items = try QueryItems(urlQuery: request.uri.query ?? "")
            guard let text = try items.text("record"), let key = try? NoteKey(text) else {
                throw BrokerError(.badRequestData, "'record' must be the public key of a record.")
            }
            guard let seen = try await desk?.newest(of: key) else {
                throw BrokerError(.resourceNotFound, "This hub has seen no such record.")
            }
            return .said(seen.text, .ok)
        }
    }
}

extension Response {
    fileprivate static func said(_ answer: Witness.Answer) -> Response {
        switch answer {
        case .signed(let signature): said(signature.line, .ok)
        case .wrongOrder:
            said("The old size is larger than the checkpoint's.", .badRequest)
        case .notSigned: said("No known key of the record has signed this.", .forbidden)
        case .unknownRecord: said("This witness does not follow the record.", .notFound)
        case .conflict(let size):
            said("\(size)\n", .conflict, type: "text/x.tlog.size")
        case .notConsistent:
            said("The record does not go on from what was signed.", .unprocessableContent)
        }
    }

    fileprivate static func said(
        _ text: String,
        _ status: HTTPResponse.Status,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
