import AsyncHTTPClient
import Broker
package import ContextModel
import Foundation
import Governance
import NIOCore
import NIOHTTP1
package import HubNetwork

/// Fetches reports of incidents from the TAXII servers of members (TAXII 2.1).
package struct TaxiiClient: Sendable {
    static let mediaType = "application/taxii+json;version=2.1"
    /// Seconds that a server may take for an answer.
    static let answerSeconds: Int64 = 5
    static let maximumAnswerBytes = 4 << 20
    /// Objects that are asked for at a time.
    static let pageSize = 200
    /// Pages that are fetched of a collection in one go.
    static let maximumPages = 5
    /// Collections that are looked at of one server.
    static let maximumCollections = 16

    private let web: OutboundWeb

    package init(_ web: OutboundWeb) { self.web = web }

    /// Where reports are found: the collections of a server that this hub may read, by their addresses.
    ///
    /// The server is at `/taxii2/` below the address, which each collection is to be below as well, so that what is signed
    /// for the member goes nowhere else. Throws `TaxiiError` and what the client throws.
    package func collections(
        at address: String,
        _ signer: RequestSigner?
    ) async throws -> [String] {
        let server = try await json(at: address + "/taxii2/", signer)
        let roots = (server["api_roots"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard let named = server["default"]?.stringValue ?? roots.first,
            let root = Self.address(named, below: address)
        else { throw TaxiiError("It names no API root of its own.") }
        let list = try await json(at: root + "collections/", signer)
        let ids = (list["collections"]?.arrayValue ?? []).compactMap(\.objectValue)
            .filter { $0["can_read"]?.boolValue == true }.compactMap { $0["id"]?.stringValue }
        return ids.filter { UUID(uuidString: $0) != nil }.prefix(Self.maximumCollections)
            .map { "\(root)collections/\($0)/" }
    }

    /// Gives the body the objects that a collection got after a moment, page by page; returns when the last one came.
    ///
    /// Throws `TaxiiError` and what the client and the body throw.
    package func fetch(
        _ collection: String,
        after last: Timestamp?,
        _ signer: RequestSigner?,
        _ body: ([JSONValue]) async throws -> Void
    ) async throws -> Timestamp? {
        var (last, next): (Timestamp?, String?) = (last, nil)
        for _ in 0..<Self.maximumPages {
            var query = "?limit=\(Self.pageSize)"
            if let next {
                query += "&next=\(Self.encode(next))"
            } else if let last {
                query += "&added_after=\(Self.encode(last.text))"
            }
            let (page, added) = try await answer(at: "\(collection)objects/\(query)", signer)
            let objects = page["objects"]?.arrayValue ?? []
            guard objects.count <= Self.pageSize else { throw TaxiiError("It sends too much.") }
            guard !objects.isEmpty else { break }
            try await body(objects)
            guard let moment = added.flatMap({ Timestamp(dateTime: $0) }) else {
                throw TaxiiError("It does not say when the objects came.")
            }
            last = max(moment, last ?? moment)
            next = page["next"]?.stringValue
            guard page["more"]?.boolValue == true, next != nil else { break }
        }
        return last
    }

    /// The address that a server names, absolute or not, where it is below its own; nil elsewhere.
    package static func address(_ named: String, below own: String) -> String? {
        let path: String
        if named.hasPrefix("/"), !named.hasPrefix("//") {
            path = named
        } else {
            guard named.hasPrefix(own + "/") else { return nil }
            path = String(named.dropFirst(own.count))
        }
        let isPlain = path.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && !"?#%\\".utf8.contains($0)
        }
        guard isPlain, path.utf8.count <= 256, !path.contains("..") else { return nil }
        return own + (path.hasSuffix("/") ? path : path + "/")
    }

    private func json(at url: String, _ signer: RequestSigner?) async throws -> JSONObject {
        try await answer(at: url, signer).json
    }

    private func answer(
        at url: String,
        _ signer: RequestSigner?
    ) async throws -> (json: JSONObject, added: String?) {
        var request = try await web.request(url, for: Caller(party: .operator).sharer)
        request.headers.replaceOrAdd(name: "Accept", value: Self.mediaType)
        if let signer {
            let fields = try signer.fields(
                method: "GET",
                url: url,
                fields: request.headers.map { KeyValuePair(key: $0.name, value: $0.value) },
                body: []
            )
            for field in fields {
                request.headers.replaceOrAdd(name: field.key, value: field.value)
            }
        }
        let answer = try await web.answer(
            to: request,
            before: .now() + .seconds(Self.answerSeconds),
            atMost: Self.maximumAnswerBytes
        )
        guard answer.status == .ok else {
            throw TaxiiError("It answered \(answer.status.code).")
        }
        let bytes = Array(answer.body.readableBytesView)
        guard let json = try JSONReader.read(bytes).objectValue else {
            throw TaxiiError("It answered no JSON object.")
        }
        // A server may leave out the second where a page has one object.
        let added = ["X-TAXII-Date-Added-Last", "X-TAXII-Date-Added-First"]
            .lazy.compactMap { answer.headers.first(name: $0) }.first
        return (json, added)
    }

    /// As a value in a query: what may have another meaning there is percent-encoded.
    private static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}

/// Why reports cannot be fetched.
package struct TaxiiError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In a sentence.
    package let description: String

    init(_ description: String) { self.description = description }
}
