/// The identifier of an entity: a URI (clause 4.5.1).
package struct EntityID: Sendable, Hashable, CustomStringConvertible {
    package let uri: String
    package init(_ uri: String) { self.uri = uri }
    package var description: String { uri }
}

/// An expanded name: the IRI of an entity type, an attribute or a vocabulary term (clause 5.5.7).
package struct IRI: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    package init(_ text: String) { self.text = text }
    package var description: String { text }
}

/// The name of a tenant (clause 4.14); `nil` stands for the default tenant wherever it is optional.
package struct TenantName: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    /// The origin of a snapshot, whose store works like a tenant's; nil for a tenant.
    package let snapshot: SnapshotOrigin?

    /// Letters, digits, `_`, `-` and `.`, at most 64, not starting with a dot: safe as a file name.
    package init?(_ text: String) {
        let allowed = text.utf8.allSatisfy {
            ($0 >= 0x30 && $0 <= 0x39) || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || $0 == 0x5F
                || $0 == 0x2D || $0 == 0x2E
        }
        guard allowed, (1...64).contains(text.utf8.count), text.utf8.first != 0x2E else {
            return nil
        }
        self.text = text
        snapshot = nil
    }

    /// The name of a snapshot's store: the name of its file, with a mark that no tenant's name can
    /// have.
    package init(snapshotFile file: String, of origin: SnapshotOrigin) {
        text = "~" + file
        snapshot = origin
    }

    package var description: String { text }
}

/// The name of a snapshot in the interface, and its tenant (clause 5.5.15).
package struct SnapshotOrigin: Sendable, Hashable {
    package let tenant: String?
    package let id: String

    package init(tenant: TenantName?, id: String) {
        self.tenant = tenant?.text
        self.id = id
    }
}
