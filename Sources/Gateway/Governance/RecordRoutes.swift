package import Broker
import ContextModel
import Governance
import HTTPTypes
import Hummingbird
import NIOCore
package import Record

extension RouteTable {
    /// The public record, for anybody, and for each person what it says of it.
    ///
    /// The paths are those of C2SP tlog-tiles; not part of the standard.
    package mutating func addRecordRoutes(_ publisher: RecordPublisher, _ hub: Hub) {
        addCheckpoint(publisher)
        addTiles(publisher.record)
        addProofs(publisher, hub)
    }

    private mutating func addCheckpoint(_ publisher: RecordPublisher) {
        add(
            RouteDescription(
                .get,
                "/record/checkpoint",
                .governance,
                "Retrieve the newest checkpoint of the record, with the signatures of its witnesses",
                answers: "text/plain"
            )
        ) { _, _ in
            var signed = publisher.checkpoint
            if signed == nil {
                do { signed = try await publisher.publish() } catch let error as RecordError {
                    throw BrokerError(error)
                }
            }
            return .text(signed?.text ?? "")
        }
    }

    private mutating func addTiles(_ record: RecordWriter) {
        // A path has up to five segments behind `tile`: a level, three of a large number, and a width.
        let names = (1...6).map { "{part\($0)}" }
        for count in 2...6 {
            let path = "/record/tile/" + names.prefix(count).joined(separator: "/")
            add(
                RouteDescription(
                    .get,
                    path,
                    .governance,
                    "Retrieve a tile of the record, of \(count) parts",
                    answers: "application/octet-stream"
                )
            ) { request, _ in
                guard let tile = Tile(path: request.uri.path.dropFirst("/record/".count)) else {
                    throw BrokerError(
                        .badRequestData,
                        "'\(request.uri.path)' is no tile as C2SP tlog-tiles names them."
                    )
                }
                do {
                    guard let bytes = try await record.bytes(of: tile) else {
                        throw BrokerError(
                            .resourceNotFound,
                            "The newest checkpoint of the record has no such tile."
                        )
                    }
                    return Response(
                        status: .ok,
                        headers: [
                            .contentType: "application/octet-stream",
                            .cacheControl: Response.fixed,
                        ],
                        body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
                    )
                } catch let error as RecordError {
                    throw BrokerError(error)
                }
            }
        }
    }

    private mutating func addProofs(_ publisher: RecordPublisher, _ hub: Hub) {
        add(
            RouteDescription(
                .get,
                "/record/proofs/{leaf}",
                .governance,
                "Retrieve a proof that an entry is in the record",
                query: [
                    QueryParameter(
                        "subject",
                        "With what the entry says of this person, for that person alone"
                    )
                ],
                answers: "text/plain"
            )
        ) { request, context in
            let items = try QueryItems(urlQuery: request.uri.query ?? "")
            guard let entry = context.parameters.get("leaf").flatMap({ Int($0) }),
                (0...QueryItems.largestNumber).contains(entry)
            else {
                throw BrokerError(.badRequestData, "An entry of the record has a whole number.")
            }
            var opening: KeptOpening?
            if let subject = try items.text("subject") {
                opening = try await hub.governing.opening(
                    of: entry,
                    SubjectID(subject),
                    caller: context.caller
                )
            }
            do {
                return .text(try await publisher.proof(of: entry, opening: opening).text)
            } catch let error as RecordError {
                throw BrokerError(error)
            }
        }
    }
}

extension Response {
    /// What never changes.
    fileprivate static let fixed = "public, max-age=31536000, immutable"

    fileprivate static func text(_ text: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/plain; charset=utf-8",
                .cacheControl: "no-cache",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}

extension BrokerError {
    init(_ error: RecordError) {
        switch error.code {
        case .notFound: self.init(.resourceNotFound, "The record has no such entry.")
        default:
            self.init(
                .recordUnavailable,
                "The public record cannot be read now.",
                note: "\(error)"
            )
        }
    }
}
