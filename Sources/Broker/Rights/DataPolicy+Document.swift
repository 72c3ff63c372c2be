import ContextModel
import Governance
import Storage

extension DataPolicy {
    /// The policy as it is kept: as it was written, and what its names stand for.
    var document: Document {
        let body: JSONObject = ["source": .object(source), "names": .object(wholeNames)]
        return Document(kind: .dataPolicy, id: id, body: JSONValue.object(body).serialized)
    }

    /// What its names stand for.
    var wholeNames: JSONObject {
        var whole = JSONObject()
        for (name, iri) in names.sorted(by: { $0.key < $1.key }) { whole[name] = .string(iri.text) }
        return whole
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let source = json["source"]?.objectValue, let kept = json["names"]?.objectValue
        else { return nil }
        self.init(source, names: kept)
        guard id == document.id else { return nil }
    }

    /// A policy as it was written, with what its names stand for; nil for what is none.
    init?(_ source: JSONObject, names: JSONObject) {
        let names = Dictionary(names.members.map { ($0.key, $0.value) }) { first, _ in first }
        let reader = ODRLReader(isClass: { _ in true }) { IRI(names[$0]?.stringValue ?? $0) }
        guard let policy = try? reader.policy(source) else { return nil }
        self = policy
    }
}
