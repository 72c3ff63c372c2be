import Chance
import HTTPTypes

/// Writes of the reader, who may write what it may read: the answers must be the same in both
/// worlds, whatever is hidden.
///
/// It does not create entities with identifiers of hidden ones, because a 403 shows that they
/// exist (SECURITY.md).
struct PairedWorldWrites {
    private var dice: SeededGenerator

    init(seed: UInt64) { dice = SeededGenerator(seed: seed) }

    mutating func next() -> WorldRequest {
        let entity = "/ngsi-ld/v1/entities/\(id())"
        switch number(14) {
        case 0: return post("/ngsi-ld/v1/entities", self.entity(with: visibleID()))
        case 1: return post(entity + "/attrs", fragment())
        case 2: return post(entity + "/attrs?options=noOverwrite", fragment())
        case 3: return WorldRequest(method: .patch, uri: entity + "/attrs", body: fragment())
        case 4: return WorldRequest(method: .patch, uri: entity, body: fragment())
        case 5:
            return WorldRequest(method: .put, uri: entity, body: self.entity(with: nil))
        case 6:
            return WorldRequest(
                method: one(of: [.patch, .put]),
                uri: "\(entity)/attrs/\(attribute())",
                body: property()
            )
        case 7:
            let all = one(of: ["", "?deleteAll=true", "?datasetId=urn:x:d1"])
            return WorldRequest(method: .delete, uri: "\(entity)/attrs/\(attribute())\(all)")
        case 8: return WorldRequest(method: .delete, uri: entity)
        case 9: return purge()
        case 10, 11: return batch()
        case 12: return imported()
        default: return temporal()
        }
    }

    private mutating func batch() -> WorldRequest {
        let operation = one(of: ["create", "upsert", "upsert?options=update", "update", "merge"])
        let entities = (0..<3).map { _ in entity(with: visibleID()) }
        return post(
            "/ngsi-ld/v1/entityOperations/\(operation)",
            "[\(entities.joined(separator: ","))]"
        )
    }

    private mutating func imported() -> WorldRequest {
        let path = one(of: ["/hub/imports/entities", "/hub/readings"])
        return post(path, "[\(entity(with: visibleID())),\(entity(with: visibleID()))]")
    }

    private mutating func purge() -> WorldRequest {
        let extent = one(of: ["", "&drop=height", "&drop=secret", "&keep=name,location"])
        let q = "q=height%3E\(15 + number(5))"
        return WorldRequest(
            method: .delete,
            uri: "/ngsi-ld/v1/entities?type=\(one(of: ["Tree", "Safe"]))&\(q)\(extent)"
        )
    }

    private mutating func temporal() -> WorldRequest {
        let evolution = "/ngsi-ld/v1/temporal/entities/\(id())"
        let instance = #"{"type": "Property", "value": 5, "observedAt": "2024-01-01T00:00:00Z"}"#
        switch number(3) {
        case 0: return post(evolution + "/attrs", #"{"\#(attribute())": [\#(instance)]}"#)
        case 1:
            return WorldRequest(
                method: .delete,
                uri: "\(evolution)/attrs/\(attribute())?deleteAll=true"
            )
        default: return WorldRequest(method: .delete, uri: evolution)
        }
    }

    // MARK: Bodies

    private func post(_ uri: String, _ body: String) -> WorldRequest {
        WorldRequest(method: .post, uri: uri, body: body)
    }

    private mutating func entity(with id: String?) -> String {
        let head = id.map { #""id": "\#($0)", "# } ?? ""
        return """
            {\(head)"type": "\(one(of: ["Tree", "Tree", "Bench", "Safe"]))",
             "scope": "\(one(of: ["/public/p1", "/public/p2", "/private/p1"]))",
             "\(attribute())": \(property()), "height": \(property())}
            """
    }

    private mutating func fragment() -> String {
        let value = number(4) == 0 ? #""urn:ngsi-ld:null""# : property()
        return #"{"\#(attribute())": \#(value)}"#
    }

    private mutating func property() -> String {
        let part = number(5) == 0 ? #", "secret": {"type": "Property", "value": 1}"# : ""
        return #"{"type": "Property", "value": \#(number(20))\#(part)}"#
    }

    private mutating func attribute() -> String {
        one(of: ["height", "height", "name", "extra1", "extra2", "secret", "hiddenPlace"])
    }

    private mutating func visibleID() -> String {
        one(of: PairedWorldScript.ids + ["urn:x:New:1", "urn:x:New:2"])
    }

    private mutating func id() -> String {
        one(of: PairedWorldScript.ids + ["urn:x:Hidden:1", "urn:x:Hidden:2", "urn:x:New:1"])
    }

    // MARK: Random choices

    private mutating func one<Choice>(of choices: [Choice]) -> Choice {
        choices[number(choices.count)]
    }

    private mutating func number(_ below: Int) -> Int { Int.random(in: 0..<below, using: &dice) }
}
