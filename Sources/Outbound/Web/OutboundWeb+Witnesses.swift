import AsyncHTTPClient
import Foundation
import Governance
import NIOCore
import NIOHTTP1
package import Record

/// Asks witnesses over HTTP (C2SP tlog-witness).
///
/// The operator names them, and may name one inside the city's network, so addresses are not asked about. Those of
/// other hubs of the network, which name themselves, are.
extension OutboundWeb: WitnessClient {
    /// How long a witness may take to reply.
    package static let witnessSeconds: Int64 = 2
    /// The bytes of a reply: signatures of a few keys.
    package static let maximumReplyBytes = 16_384

    package func ask(
        _ question: AddCheckpoint,
        of witness: AskedWitness
    ) async throws -> WitnessReply {
        var request = try await request(witness.url + "/add-checkpoint", to: witness)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        request.body = .bytes(ByteBuffer(string: question.text))
        let answer = try await answer(
            to: request,
            before: .now() + .seconds(Self.witnessSeconds),
            atMost: Self.maximumReplyBytes
        )
        let body = String(buffer: answer.body)
        switch answer.status.code {
        case 200: return .signed(try SignedNote.signatures(body))
        case 409:
            guard let size = Int(body.prefix { $0 != "\n" }), size >= 0 else {
                return .refused("it answered 409 without a size")
            }
            return .conflict(size)
        case 422: return .notConsistent
        case 404: return .refused("it does not follow this record")
        case let code: return .refused("it answered \(code)")
        }
    }

    package func newest(
        of record: NoteKey,
        seenBy witness: AskedWitness
    ) async throws -> SignedCheckpoint {
        let name =
            record.description.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let request = try await request(witness.url + "/checkpoint?record=" + name, to: witness)
        let answer = try await answer(
            to: request,
            before: .now() + .seconds(Self.witnessSeconds),
            atMost: SignedNote.maximumBytes
        )
        guard answer.status == .ok else {
            throw ProofError(.malformed, "\(witness.url) answered \(answer.status.code).")
        }
        return try SignedCheckpoint(String(buffer: answer.body))
    }

    private func request(
        _ url: String,
        to witness: AskedWitness
    ) async throws -> HTTPClientRequest {
        if witness.isMember {
            return try await request(url, for: Caller(party: .operator).sharer)
        }
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: Self.userAgent)
        return request
    }
}
