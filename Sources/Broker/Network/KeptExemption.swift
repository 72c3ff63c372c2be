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
