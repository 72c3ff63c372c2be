import ContextModel
import Governance
import Storage

extension DataPolicy {
    /// The policy as it is kept: as it was written, and what its names stand for.
    var document: Document {
        var kept = JSONObject()
        for (name, iri) in names.sorted(by: { $0.key < $1.key }) { kept[name] = .string(iri.text) }
        let body: JSONObject = ["source": .object(source), "names": .object(kept)]
        return Document(kind: .dataPolicy, id: id, body: JSONValue.object(body).serialized)
    }

    /// Reads what `document` wrote; nil when the bytes are damaged.
    init?(_ document: Document) {
        guard let json = try? JSONReader.read(document.body).objectValue,
            let source = json["source"]?.objectValue, let kept = json["names"]?.objectValue
        else { return nil }
        let names = Dictionary(kept.members.map { ($0.key, $0.value) }) { first, _ in first }
        let reader = ODRLReader(isClass: { _ in true }) { IRI(names[$0]?.stringValue ?? $0) }
        guard let policy = try? reader.policy(source), policy.id == document.id else { return nil }
        self = policy
    }
}
