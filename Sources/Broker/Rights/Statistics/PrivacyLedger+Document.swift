import ContextModel
import Statistics
import Storage

/// The ledger of a tenant as it is kept: one document.
extension SharedPrivacyLedger {
    static let documentID = "people"

    var document: Document {
        var kept = JSONObject()
        for (party, ledger) in parties.sorted(by: { $0.key < $1.key }) { kept[party] = ledger.json }
        let body: JSONObject = ["whole": whole.json, "parties": .object(kept)]
        return Document(
            kind: .privacyLedger,
            id: Self.documentID,
            body: JSONValue.object(body).serialized
        )
    }

    /// Reads what `document` wrote; throws when the bytes are damaged, for an empty ledger would be a
    /// budget that is full again.
    init(_ document: Document?) throws(StorageError) {
        guard let document else {
            self.init()
            return
        }
        guard let json = try? JSONReader.read(document.body).objectValue,
            let whole = json["whole"].flatMap({ PrivacyLedger($0) }),
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
        self.init(whole: whole, parties: parties)
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
