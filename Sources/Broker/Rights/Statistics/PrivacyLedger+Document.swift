import ContextModel
import Statistics
import Storage

/// The ledger of a tenant as it is kept: one document.
struct KeptLedger {
    static let key = DocumentKey.document(.privacyLedger, id: documentID)
    private static let documentID = "people"

    var ledger: SharedPrivacyLedger
    /// Up to where the spendings of the record are in the ledger.
    var known: RecordMark

    var document: Document {
        var kept = JSONObject()
        for (party, ledger) in ledger.parties.sorted(by: { $0.key < $1.key }) {
            kept[party] = ledger.json
        }
        let body: JSONObject = [
            "whole": ledger.whole.json, "parties": .object(kept),
            "known": .string(known.text),
        ]
        return Document(
            kind: .privacyLedger,
            id: Self.documentID,
            body: JSONValue.object(body).serialized
        )
    }

    /// The ledger of the store, as it is now.
    init(in store: any TenantStore) async throws {
        try self.init(await store.document(.privacyLedger, id: Self.documentID))
    }

    /// The ledger of the store, in a transaction that reads `key`.
    init(_ changes: inout DocumentChanges) throws {
        try self.init(changes.document(.privacyLedger, id: Self.documentID))
    }

    /// Reads what `document` wrote; throws when the bytes are damaged, for an empty ledger would be a
    /// budget that is full again.
    private init(_ document: Document?) throws(StorageError) {
        guard let document else {
            ledger = SharedPrivacyLedger()
            known = .start
            return
        }
        guard let json = try? JSONReader.read(document.body).objectValue,
            let whole = json["whole"].flatMap({ PrivacyLedger($0) }),
            // A ledger of a hub that took nothing from the record has none.
            let known = RecordMark(json["known"].map { $0.stringValue ?? "" } ?? "0"),
            let kept = json["parties"]?.objectValue
        else { throw StorageError(.damaged, note: "the privacy ledger cannot be read") }
        var parties: [String: PrivacyLedger] = [:]
        for (party, value) in kept.members {
            guard let ledger = PrivacyLedger(value) else {
                throw StorageError(
                    .damaged,
                    note: "the privacy ledger of '\(party)' cannot be read"
                )
            }
            parties[party] = ledger
        }
        ledger = SharedPrivacyLedger(whole: whole, parties: parties)
        self.known = known
    }
}

extension PrivacyLedger {
    fileprivate var json: JSONValue {
        [
            "spent": .number(JSONNumber(spent.trillionths)),
            "latest": .number(JSONNumber(Int(latest.microseconds))),
        ]
    }

    fileprivate init?(_ json: JSONValue) {
        guard let spent = json.objectValue?["spent"]?.numberValue?.intValue, spent >= 0,
            let latest = json.objectValue?["latest"]?.numberValue?.intValue
        else { return nil }
        self.init(
            spent: PrivacyCharge(trillionths: spent),
            latest: Timestamp(microseconds: Int64(latest))
        )
    }
}
