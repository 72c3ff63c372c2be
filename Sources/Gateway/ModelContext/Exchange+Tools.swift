import Broker
import ContextModel
import Governance
import Storage

extension Exchange {
    /// Uses the tool with the rights of the caller.
    func use(_ tool: ModelTool, _ arguments: ToolArguments) async throws -> String {
        let ld = try await ldContext()
        switch tool {
        case .listTypes: return try await listTypes(ld)
        case .queryEntities: return try await entities(arguments.items, ld)
        case .readHistory: return try await history(arguments.items, ld)
        case .aggregateHistory:
            var items = arguments.items
            items["format"] = "aggregatedValues"
            return try await history(items, ld)
        case .explainAccess: return try await explanation(arguments.items, ld)
        }
    }

    private func listTypes(_ ld: LDContext) async throws -> String {
        let types = try await hub.reading.types(caller: caller).information
        let list = JSONValue.array(
            types.map { type in
                [
                    "type": .string(ld.compact(type.type)),
                    "entities": .number(JSONNumber(type.entityCount)),
                    "attributes": .array(type.attributes.map { .string(ld.compact($0.name)) }),
                ]
            }
        )
        return list.text
    }

    private func entities(_ items: QueryItems, _ ld: LDContext) async throws -> String {
        var items = items
        items["local"] = "true"
        items["count"] = "true"
        let (parameters, query) = try entityQuery(items, selectors: nil, ld: ld)
        var representation = try parameters.representation()
        representation.format = .concise
        let found = try await hub.reading.queryEntities(
            query,
            shownAs: representation,
            caller: caller
        )
        let writer = EntityWriter(representation, context: ld)
        var json = JSONWriter()
        json.beginObject()
        json.key("matched")
        json.number(found.page.count ?? 0)
        json.key("more")
        json.bool(found.page.hasMore)
        json.key("entities")
        json.beginArray()
        for entity in found.page.entities { writer.write(try entity.value(), to: &json) }
        json.endArray()
        json.endObject()
        return json.text
    }

    /// The newest readings of each attribute unless told otherwise.
    private static let defaultReadings = "100"

    private func history(_ items: QueryItems, _ ld: LDContext) async throws -> String {
        var items = items
        items["local"] = "true"
        if items["format"] == nil {
            items["format"] = "temporalValues"
            items["lastN"] = items["lastN"] ?? Self.defaultReadings
        }
        let (parameters, query) = try temporalQuery(
            items,
            selectors: nil,
            requiresTime: false,
            ld: ld
        )
        let found = try await hub.reading.queryEvolutions(query, caller: caller)
        let writer = try temporalWriter(parameters, query)
        var json = JSONWriter()
        json.beginObject()
        json.key("more")
        json.bool(found.page.hasMore)
        if let range = found.page.contentRange {
            // There are too many readings for one answer.
            json.member("cutOffBefore", query.lastN == nil ? nil : range.from)
            json.member("cutOffAfter", query.lastN == nil ? range.to : nil)
        }
        json.key("evolutions")
        json.beginArray()
        for evolution in found.page.evolutions {
            writer.write(evolution, embedsContext: false, to: &json)
        }
        json.endArray()
        json.endObject()
        return json.text
    }

    private func explanation(_ items: QueryItems, _ ld: LDContext) async throws -> String {
        let types = try await hub.reading.typeNames(caller: caller).information
        var sentences = [
            caller.party == .anonymous
                ? "You ask without a token, so you see what the city shows to everybody."
                : "You ask as '\(caller.party.id?.text ?? "")'.",
            caller.purpose.map { "The purpose of your request is \($0.text)." }
                ?? "You gave no purpose (header Data-Purpose); data about people is shown for certain purposes only.",
        ]
        if let name = try items.text("type") {
            let isSeen = types.contains(ld.expand(name))
            sentences.append(
                isSeen
                    ? "You see entities of the type '\(name)'; some of them, or some attributes, may be hidden "
                        + "by the city's rules or by the choices of the people they are about."
                    : "You see no entity of the type '\(name)': there is none, or the rules show you none. The "
                        + "hub does not say which."
            )
        }
        sentences.append("The rules are at \(base)/rules in plain sentences.")
        let explanation: JSONValue = [
            "explanation": .string(sentences.joined(separator: " ")),
            "typesYouSee": .array(types.map { .string(ld.compact($0)) }),
        ]
        return explanation.text
    }
}

extension JSONWriter {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}
