package import Borders
import ContextModel
import Storage

/// An exemption of the pilot space as the hub keeps it.
package struct KeptExemption: Sendable {
    package var exemption: Exemption
    /// From 1 on; another one after each change, of which each has its entry in the record.
    package var version: Int
    /// The number of the record's entry that published it as it is now.
    package var entry: Int

    var document: Document {
        let body: JSONObject = [
            "exemption": .object(exemption.json), "version": .number(JSONNumber(version)),
            "entry": .number(JSONNumber(entry)),
        ]
        return Document(
            kind: .exemption,
            id: exemption.id,
            body: JSONValue.object(body).serialized
        )
    }

    init(_ exemption: Exemption, version: Int, entry: Int) {
        self.exemption = exemption
        self.version = version
        self.entry = entry
    }

    /// Reads what `document` wrote; nil when the bytes are damaged, and then nothing is exempted.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let body = json["exemption"]?.objectValue,
            let exemption = try? Exemption(body, id: document.id),
            let version = json["version"]?.numberValue?.intValue,
            let entry = json["entry"]?.numberValue?.intValue
        else { return nil }
        self.init(exemption, version: version, entry: entry)
    }

    /// The exemption that the changes have; nil where there is none.
    init?(_ key: DocumentKey, in changes: DocumentChanges) throws {
        guard case .document(let kind, let id) = key,
            let document = try changes.document(kind, id: id)
        else { return nil }
        self.init(document)
    }

    /// What stays of it when it ends at the moment; nil where it has not begun by then.
    func ended(at end: Timestamp, entry: Int) -> KeptExemption? {
        let period = exemption.period
        guard period.lowerBound < end else { return nil }
        var ended = self
        ended.exemption.period = period.lowerBound..<min(end, period.upperBound)
        ended.version += 1
        ended.entry = entry
        return ended
    }

    /// What everybody may know of it.
    func json(at moment: Timestamp) -> JSONObject {
        var json: JSONObject = ["id": .string(exemption.id)]
        json.members += exemption.json.members
        json["state"] = .string(exemption.state(at: moment).rawValue)
        json["version"] = .number(JSONNumber(version))
        json["entry"] = .number(JSONNumber(entry))
        return json
    }
}
