import Broker
package import ContextModel
import Governance
import Storage

/// The documents of a service in the hub's store: JSON, each under a name.
///
/// Other services cannot see them, and requests reach them only through the service. They are not
/// city data: data about people or things of the city belongs into entities, which rights protect.
package struct ServiceDocuments: Sendable {
    /// The most documents of a service.
    package static let maximumCount = 10_000
    /// The most bytes of a document, and of its name.
    package static let maximumBytes = 64 * 1_024
    package static let maximumNameBytes = 256

    private let service: ServiceName
    private let hub: Hub

    init(of service: ServiceName, in hub: Hub) {
        self.service = service
        self.hub = hub
    }

    /// The document of that name; nil when there is none.
    package func document(_ name: String) async throws -> JSONValue? {
        let store = try await hub.store.makeTenant(nil)
        guard let kept = try await store.document(.service, id: id(name)) else { return nil }
        do throws(JSONError) { return try JSONReader.read(kept.body) } catch {
            throw StorageError(.damaged, note: "The document '\(name)' of a service is not JSON.")
        }
    }

    /// Stores the document under the name, in place of an earlier one.
    ///
    /// Throws `badRequestData` for a document that is too long or one too many.
    package func keep(_ document: JSONValue, as name: String) async throws {
        let body = document.serialized
        guard body.count <= Self.maximumBytes, name.utf8.count <= Self.maximumNameBytes else {
            throw BrokerError(
                .badRequestData,
                "A document of a service has \(Self.maximumBytes) bytes at most, and its name "
                    + "\(Self.maximumNameBytes)."
            )
        }
        let (id, owner) = (id(name), service.text)
        let store = try await hub.store.makeTenant(nil)
        // The count is read before the change, so two documents at the limit may both be stored.
        let isNew = try await store.document(.service, id: id) == nil
        let count = try await store.documentCount(.service, of: owner)
        guard !isNew || count < Self.maximumCount else {
            throw BrokerError(
                .badRequestData,
                "A service keeps \(Self.maximumCount) documents at most."
            )
        }
        try await store.changeDocuments(reading: []) {
            $0.put(Document(kind: .service, id: id, body: body, owner: owner))
        }
    }

    /// Removes the document; false when there was none.
    package func remove(_ name: String) async throws -> Bool {
        let id = id(name)
        let key = DocumentKey.document(.service, id: id)
        return try await hub.store.makeTenant(nil).changeDocuments(reading: [key]) { changes in
            guard try changes.document(.service, id: id) != nil else { return false }
            changes.remove(.service, id: id)
            return true
        }
    }

    /// A page of the names of the documents, in the order of their creation.
    package func names(offset: Int = 0, limit: Int) async throws -> [String] {
        let store = try await hub.store.makeTenant(nil)
        let documents = try await store.documents(
            .service,
            of: service.text,
            offset: offset,
            limit: limit
        )
        return documents.map { String($0.id.dropFirst(service.text.count + 1)) }
    }

    /// The identifier of the document; names of services have no slash.
    private func id(_ name: String) -> String { "\(service.text)/\(name)" }
}
