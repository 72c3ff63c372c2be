import ContextModel

/// Which properties objects of a type may have, and of what kind (STIX 2.1, clauses 3.2, 4 and 5).
///
/// It has the types by which cities tell each other of incidents. Properties that are about persons, and markings that would
/// keep an object from being passed on, are not in it, so objects with them are refused.
struct STIXSchema: Sendable {
    /// What a property holds.
    enum Kind: Sendable, Hashable {
        case text, flag, moment, texts
        case integer(ClosedRange<Int>)
        /// One of these words.
        case word([String])
        /// The identifier of an object of one of these types; of any where there are none.
        case reference([String])
        case references([String])
        /// Phases of attacks: a list of objects with the names of a kill chain and of a phase in it (clause 2.11).
        case phases
        /// Where more is told of it (clause 2.7).
        case sources
        /// The markings by which it may be passed on (clause 7.2.1.4).
        case markings
        /// This network's own extension, which `STIXClaim` reads.
        case claim
    }

    private let properties: [String: Kind]
    let required: [String]

    /// Throws `STIXError` for a type of which no objects are taken.
    init(of type: String) throws(STIXError) {
        guard let own = Self.types[type] else {
            let types = Self.types.keys.sorted().joined(separator: ", ")
            throw STIXError(
                "Objects of the type '\(type.prefix(80))' are not taken here; taken are \(types)."
            )
        }
        properties = Self.common.merging(own.properties) { $1 }
        required = ["id", "created", "modified"] + own.required
    }

    /// Throws `STIXError` for a property that is not understood.
    func check(_ name: String, _ value: JSONValue) throws(STIXError) {
        guard let kind = properties[name] else {
            throw STIXError("'\(name.prefix(80))' is not understood.")
        }
        guard Self.fits(value, kind) else {
            throw STIXError("'\(name.prefix(80))' is not as STIX has it.")
        }
    }

    private static func fits(_ value: JSONValue, _ kind: Kind) -> Bool {
        switch kind {
        case .text: isText(value)
        case .flag: value.boolValue != nil
        case .moment: value.stringValue.flatMap { Timestamp(dateTime: $0) } != nil
        case .texts: isList(value, of: isText)
        case .integer(let range): value.numberValue?.intValue.map(range.contains) ?? false
        case .word(let words): value.stringValue.map(words.contains) ?? false
        case .reference(let types): isReference(value, types)
        case .references(let types): isList(value) { isReference($0, types) }
        case .phases: isList(value) { isObject($0, ["kill_chain_name", "phase_name"], all: true) }
        case .sources:
            isList(value) {
                isObject($0, ["source_name", "description", "url", "external_id"], all: false)
                    && $0.objectValue?["source_name"] != nil
            }
        case .markings: isList(value) { $0.stringValue.map(passedOn.contains) ?? false }
        case .claim: value.objectValue != nil
        }
    }

    private static func isText(_ value: JSONValue) -> Bool { !(value.stringValue ?? "").isEmpty }

    /// Lists of STIX are never empty (clause 2.10).
    private static func isList(_ value: JSONValue, of isElement: (JSONValue) -> Bool) -> Bool {
        guard let array = value.arrayValue, !array.isEmpty else { return false }
        return array.allSatisfy(isElement)
    }

    private static func isReference(_ value: JSONValue, _ types: [String]) -> Bool {
        guard let id = value.stringValue.flatMap({ STIXIdentifier($0) }) else { return false }
        return types.isEmpty || types.contains(id.type)
    }

    /// Whether it is an object with texts under these names at most, or under all of them.
    private static func isObject(_ value: JSONValue, _ names: [String], all: Bool) -> Bool {
        guard let object = value.objectValue, !all || object.count == names.count else {
            return false
        }
        return object.members.allSatisfy { names.contains($0.key) && isText($0.value) }
    }

    /// TLP:WHITE and TLP:GREEN: what has a narrower marking is not for other cities.
    private static let passedOn = [
        "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
        "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    ]
}

// MARK: - The types

extension STIXSchema {
    private struct Own: Sendable {
        let required: [String]
        let properties: [String: Kind]

        init(_ required: [String: Kind], _ optional: [String: Kind] = [:]) {
            self.required = required.keys.sorted()
            properties = required.merging(optional) { $1 }
        }
    }

    private static let common: [String: Kind] = [
        "type": .text, "spec_version": .text, "id": .text, "created": .moment,
        "modified": .moment, "created_by_ref": .reference(["identity"]), "revoked": .flag,
        "labels": .texts, "confidence": .integer(0...100), "lang": .text,
        "external_references": .sources, "object_marking_refs": .markings, "extensions": .claim,
    ]

    private static let types: [String: Own] = [
        "attack-pattern": Own(
            ["name": .text],
            ["description": .text, "aliases": .texts, "kill_chain_phases": .phases]
        ),
        "course-of-action": Own(["name": .text], ["description": .text]),
        // Of an identity, nothing that leads to a person: no individual, and no way to reach one.
        "identity": Own(
            ["name": .text],
            [
                "description": .text, "roles": .texts, "sectors": .texts,
                "identity_class": .word(["group", "system", "organization", "class", "unknown"]),
            ]
        ),
        "indicator": Own(
            ["pattern": .text, "pattern_type": .text, "valid_from": .moment],
            [
                "name": .text, "description": .text, "indicator_types": .texts,
                "pattern_version": .text, "valid_until": .moment, "kill_chain_phases": .phases,
            ]
        ),
        "infrastructure": Own(
            ["name": .text],
            [
                "description": .text, "infrastructure_types": .texts, "aliases": .texts,
                "kill_chain_phases": .phases, "first_seen": .moment, "last_seen": .moment,
            ]
        ),
        "malware": Own(
            ["is_family": .flag],
            [
                "name": .text, "description": .text, "malware_types": .texts, "aliases": .texts,
                "kill_chain_phases": .phases, "first_seen": .moment, "last_seen": .moment,
                "architecture_execution_envs": .texts, "implementation_languages": .texts,
                "capabilities": .texts,
            ]
        ),
        "relationship": Own(
            [
                "relationship_type": .text, "source_ref": .reference([]),
                "target_ref": .reference([]),
            ],
            ["description": .text, "start_time": .moment, "stop_time": .moment]
        ),
        "sighting": Own(
            ["sighting_of_ref": .reference(seen)],
            [
                "description": .text, "first_seen": .moment, "last_seen": .moment,
                "count": .integer(0...999_999_999), "where_sighted_refs": .references(["identity"]),
                "summary": .flag,
            ]
        ),
        "tool": Own(
            ["name": .text],
            [
                "description": .text, "tool_types": .texts, "aliases": .texts,
                "kill_chain_phases": .phases, "tool_version": .text,
            ]
        ),
        "vulnerability": Own(["name": .text], ["description": .text]),
    ]

    /// What a sighting may be of.
    private static let seen = [
        "attack-pattern", "course-of-action", "identity", "indicator", "infrastructure", "malware",
        "tool", "vulnerability",
    ]
}
